"""`antiphon proof`: files that are the same wherever they are made, and checks that people can read."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import pytest
from click.testing import Result

from streams.cases import KHAMENEI_SITE
from streams.events import Retweet
from tests.cli.conftest import Antiphon
from tests.cli.conftest import antiphon as antiphon
from tests.proofs.conftest import Prove
from tests.proofs.forging import Forgery, files_in
from tools.proofs.story import ROSTER, RULES, SUBJECT, at, story, written

_ROOT: Final = Path(__file__).parents[2]
_CASE: Final = ("--case", "khamenei-site")


@pytest.fixture
def inputs(tmp_path: Path) -> list[str]:
    """The small story in two files, with its roster and its rules."""
    folder = tmp_path / "in"
    folder.mkdir()
    lines = written(story()).splitlines(keepends=True)
    (folder / "first.ndjson").write_bytes(b"".join(lines[::2]))
    (folder / "second.ndjson").write_bytes(b"".join(lines[1::2]))
    (folder / "roster.csv").write_bytes(ROSTER)
    (folder / "rules.toml").write_bytes(RULES)
    return [str(folder / name) for name in ("first.ndjson", "second.ndjson", "roster.csv", "rules.toml")]


def _export(antiphon: Antiphon, inputs: list[str], out: Path, *more: str, what: str = "@new_voice") -> Result:
    first, second, roster, rules = inputs
    return antiphon(
        "proof", "export", what, first, second, "--roster", roster, "--rules", rules, "--out", str(out), *more
    )


@pytest.mark.slow
def test_a_proof_is_the_same_bytes_wherever_it_is_made(tmp_path: Path, inputs: list[str]) -> None:
    """In another time zone, locale and folder, with another hash seed, umask and order of files; no path is in it."""
    first, second, roster, rules = inputs
    made: list[bytes] = []
    for number, (zone, locale, seed, files) in enumerate(
        [("UTC", "C", "1", (first, second)), ("Asia/Tehran", "tr_TR.UTF-8", "77", (second, first))]
    ):
        folder = tmp_path / f"folder {number}"
        folder.mkdir()
        moved = [shutil.copy(file, folder) for file in (*files, roster, rules)]
        out = folder / "proof.zip"
        command = [sys.executable, "-m", "streams.cli.main", "proof", "export", "@new_voice", *moved[:2]]
        command += ["--roster", moved[2], "--rules", moved[3], "--out", str(out)]
        environment = {**os.environ, "TZ": zone, "LC_ALL": locale, "PYTHONHASHSEED": seed, "HOME": str(folder)}
        environment["PYTHONPATH"] = str(_ROOT)
        mask = (0o022, 0o077)[number]
        subprocess.run(
            command, check=True, cwd=folder, env=environment, umask=mask, stdout=subprocess.DEVNULL, timeout=60
        )
        assert out.stat().st_mode & 0o777 == 0o666 & ~mask
        made.append(out.read_bytes())
    assert made[0] == made[1]
    assert str(tmp_path).encode() not in made[0]


def test_the_sums_agree_without_antiphon(tmp_path: Path, subject_proof: bytes) -> None:
    """After any program unpacked it, `sha256sum` says so of every file."""
    (tmp_path / "proof.zip").write_bytes(subject_proof)
    with zipfile.ZipFile(tmp_path / "proof.zip") as archive:
        archive.extractall(tmp_path / "unpacked")
    done = subprocess.run(
        ["sha256sum", "-c", "manifest-sha256.txt"],
        cwd=tmp_path / "unpacked",
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(done.stdout.splitlines()) == len(files_in(subject_proof)) - 1
    assert all(line.endswith(": OK") for line in done.stdout.splitlines())


@pytest.mark.slow
def test_the_first_alert_of_the_bundled_case_is_proved_and_verified(antiphon: Antiphon, tmp_path: Path) -> None:
    """84 retweets, of which the alert itself lists 32; the beginning of its id is enough. A proof has no clock, so it
    does not say that the alert is firing, but until when.
    """
    out = tmp_path / "proof.zip"
    exported = antiphon("proof", "export", "dcc6167b", *_CASE, "--out", str(out))
    assert exported.exit_code == 0
    verified = antiphon("proof", "verify", str(out))
    assert verified.exit_code == 0
    assert "recounted, equal byte for byte" in verified.stdout
    assert "The proof holds" in verified.stdout
    forgery = Forgery(out.read_bytes())
    assert sum(entry.kind == "retweet" for entry in forgery.index) == 84
    assert {entry.source[0] for entry in forgery.index if entry.source} == {KHAMENEI_SITE.events.name}
    files = files_in(out.read_bytes())
    for name in ("README.txt", "page.html"):
        assert re.findall(r"firing\b.{26}", files[name].decode()) == ["firing until 2021-02-17 11:21:47"], name


@pytest.mark.slow
def test_a_proof_of_a_bundled_case_says_that_it_is_a_reconstruction(antiphon: Antiphon, tmp_path: Path) -> None:
    """Its officials tell, also where files and roster are somebody's copies."""
    events, out = shutil.copy(KHAMENEI_SITE.events, tmp_path / "mine.ndjson"), tmp_path / "proof.zip"
    columns, *entries = KHAMENEI_SITE.roster.read_text(encoding="utf-8").splitlines(keepends=True)
    roster = tmp_path / "own.csv"
    roster.write_text(columns + "".join(reversed(entries[:7])), encoding="utf-8")
    exported = antiphon("proof", "export", "@Khamenei_site", str(events), "--roster", str(roster), "--out", str(out))
    assert "Reconstruction, not evidence" in exported.stdout
    files = files_in(out.read_bytes())
    for name in ("README.txt", "page.html", "manifest.json", "ro-crate-metadata.json"):
        assert b"Reconstruction, not evidence" in files[name], name


def test_no_other_proof_is_called_a_reconstruction(subject_proof: bytes) -> None:
    assert b"Reconstruction" not in subject_proof
    assert Forgery(subject_proof).manifest.note == ""


def test_what_an_earlier_run_told_is_proved_from_its_folder(
    antiphon: Antiphon, tmp_path: Path, inputs: list[str], alert_ids: dict[str, str]
) -> None:
    """The alert of the run's own files, byte for byte but for the folders of its inputs."""
    first, second, roster, rules = inputs
    folder, out = tmp_path / "found", tmp_path / "proof.zip"
    antiphon("backtest", first, second, "--roster", roster, "--rules", rules, "--out", str(folder))
    result = _export(antiphon, inputs, out, "--results", str(folder), what=alert_ids["three-officials"][:8])
    assert result.exit_code == 0
    alert = next(line for line in (folder / "alerts.ndjson").read_bytes().splitlines() if b"three-officials" in line)
    inside = str(Path(first).parent).encode() + b"/"
    assert inside in alert
    assert files_in(out.read_bytes())["alert.json"] == alert.replace(inside, b"") + b"\n"


def test_what_does_not_follow_from_the_files_is_exported_and_said(
    antiphon: Antiphon, tmp_path: Path, inputs: list[str], alert_ids: dict[str, str]
) -> None:
    """One of the two files is missing: the proof says so, and the exit status is 1."""
    first, second, roster, rules = inputs
    folder, out = tmp_path / "found", tmp_path / "proof.zip"
    common = ("--roster", roster, "--rules", rules, "--out")
    antiphon("backtest", first, second, *common, str(folder))
    what = alert_ids["three-officials"]
    result = antiphon("proof", "export", what, first, *common, str(out), "--results", str(folder))
    assert result.exit_code == 1
    assert "The proof does not hold." in result.stdout
    assert antiphon("proof", "verify", str(out)).exit_code == 1


def test_a_changed_proof_fails_with_status_1_and_names_the_place(
    antiphon: Antiphon, tmp_path: Path, subject_proof: bytes
) -> None:
    """As text for people and as one JSON document."""
    changed = subject_proof.replace(b"rt-3", b"rt-4", 1)
    (tmp_path / "proof.zip").write_bytes(changed)
    verified = antiphon("proof", "verify", str(tmp_path / "proof.zip"), "--json")
    document = json.loads(verified.stdout)
    assert verified.exit_code == 1
    assert document["answer"] == "failed"
    hashes = next(check for check in document["checks"] if check["question"] == "hashes")
    assert hashes["answer"] == "failed"
    assert hashes["places"]


@pytest.mark.parametrize("content", [b"", b"no proof", b"PK\x03\x04" + b"\x00" * 100])
def test_what_is_no_proof_is_one_clear_sentence_and_status_2(
    antiphon: Antiphon, tmp_path: Path, content: bytes
) -> None:
    """Also where there is no such file, and for a folder."""
    (tmp_path / "proof.zip").write_bytes(content)
    remedies = {"proof.zip": "antiphon proof export", tmp_path.name: "name the ZIP file", "missing": "check the path"}
    for path in (tmp_path / "proof.zip", tmp_path, tmp_path / "missing"):
        for command in ("verify", "digest"):
            result = antiphon("proof", command, str(path))
            assert result.exit_code == 2
            problem, remedy = result.stderr.splitlines()
            assert problem.startswith("antiphon: error: ")
            assert remedies[path.name] in remedy


def test_the_digest_is_that_of_the_manifest(antiphon: Antiphon, tmp_path: Path, subject_proof: bytes) -> None:
    """And of no proof whose hashes do not agree."""
    from hashlib import sha256

    (tmp_path / "proof.zip").write_bytes(subject_proof)
    printed = antiphon("proof", "digest", str(tmp_path / "proof.zip")).stdout.strip()
    assert printed == sha256(files_in(subject_proof)["manifest.json"]).hexdigest()
    (tmp_path / "proof.zip").write_bytes(subject_proof.replace(b"rt-3", b"rt-4", 1))
    assert antiphon("proof", "digest", str(tmp_path / "proof.zip")).exit_code == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("export", "@nobody", *_CASE), "nothing was published about @nobody"),
        (("export", "ffffffff", *_CASE), "no alert begins with 'ffffffff'"),
        (("export", "twitter:1", *_CASE), "nothing was published about twitter:1"),
        (("export", "abcdef", "--rules", "my.toml"), "--rules needs FILEs or --case"),
        (("export", "abcdef", "events.ndjson"), "FILEs need --roster"),
    ],
)
def test_what_cannot_be_proved_is_one_clear_sentence(
    antiphon: Antiphon, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    """With a remedy, status 2, and no file."""
    out = tmp_path / "proof.zip"
    result = antiphon("proof", *arguments, "--out", str(out))
    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.splitlines()) <= 4
    assert not out.exists()


class _Page(HTMLParser):
    """Every tag and attribute of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_page_runs_and_loads_nothing_whatever_a_stranger_wrote(prove: Prove) -> None:
    """Names, texts, ids and links that try to be markup are text."""
    nasty = '"><script>alert(1)</script><img src=x onerror=alert(2)>\u202egnp.exe'
    events = story()
    events.append(
        Retweet(
            platform="twitter",
            id=nasty,
            at=at(6.5),
            actor=next(event for event in events if isinstance(event, Retweet)).actor,
            subject=SUBJECT.__class__(id=SUBJECT.id, handle=nasty, name=nasty),
            text=nasty,
        )
    )
    roster = ROSTER.replace(b"https://example.org/102", b"https://example.org/<script>")
    page = files_in(prove("twitter:900", written(events), roster=roster).file)["page.html"].decode()
    tags = _Page(page).tags
    allowed = (
        "html head meta title style body h1 h2 section p table caption thead tbody tr th td code div ul li a bdi span"
    )
    assert {tag for tag, _ in tags} <= {*allowed.split(), "time", "br", "small", "strong"}
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on") or name == "src"]
    links = [attributes["href"] or "" for tag, attributes in tags if tag == "a"]
    assert links
    assert all(link.startswith("https://example.org/") for link in links)
    assert "\u202e" not in page
    policies = [attributes["content"] for _, attributes in tags if "http-equiv" in attributes]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"]
    assert "&lt;script&gt;alert(1)" in page
