"""The whole case as files: every link leads to a file, the same store gives the same bytes, other folders are safe."""

import json
import re
from html import unescape
from pathlib import Path

import pytest
from click.testing import CliRunner

from streams.cli.main import cli
from streams.console.static_pages import MARK, write_static_pages
from streams.console.store.reading import Store
from streams.errors import InputError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pages(case_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages") / "case"
    written = write_static_pages(case_store, folder)
    assert written.left_out == 0
    assert written.pages > 50
    return folder


def _links(page: Path) -> list[str]:
    return [unescape(link) for link in re.findall(r'\s(?:href|src)="([^"]*)"', page.read_text(encoding="utf-8"))]


def test_every_link_leads_to_a_file_or_out_by_http(pages: Path) -> None:
    followed = 0
    for page in pages.rglob("*.html"):
        for link in _links(page):
            if link.startswith(("http://", "https://", "#")):
                continue
            assert not link.startswith("/"), link
            assert (page.parent / link.partition("#")[0]).is_file(), (page, link)
            followed += 1
    assert followed > 1_000


def test_the_inbox_leads_to_every_alert_and_its_account(pages: Path, case_store: Store) -> None:
    inbox = _links(pages / "index.html")
    alerts = {link for link in inbox if link.startswith("alerts/") and link.endswith(".html")}
    assert len(alerts) == case_store.status().counts["alerts"]
    first = pages / min(alerts)
    assert "../accounts/twitter_1280000000000000001.html" in _links(first)


def test_pages_need_no_script_and_name_no_form(pages: Path) -> None:
    for page in pages.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "<script" not in text
        assert "<form" not in text
        assert "Content-Security-Policy" in text
    assert not list(pages.rglob("*.js"))


def test_every_page_of_a_bundled_case_says_that_its_events_are_made_up(pages: Path) -> None:
    for page in pages.rglob("*.html"):
        assert "Reconstruction, not evidence" in page.read_text(encoding="utf-8"), page
    # For whoever opens a table or NDJSON of the folder.
    assert "Reconstruction, not evidence" in (pages / "CAUTION.txt").read_text(encoding="utf-8")


def test_the_same_store_gives_the_same_bytes_and_an_own_folder_is_written_anew(
    case_store: Store, tmp_path: Path
) -> None:
    def bytes_of(folder: Path) -> dict[str, bytes]:
        files = (path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}

    once, again = tmp_path / "once", tmp_path / "again"
    write_static_pages(case_store, once, most=25)
    write_static_pages(case_store, again, most=40)
    (again / "notes.txt").write_text("mine", encoding="utf-8")
    written = write_static_pages(case_store, again, most=25)
    assert bytes_of(again) == bytes_of(once) | {"notes.txt": b"mine"}
    assert written.left_out > 0
    for page in again.rglob("*.html"):  # no link leads to what was left out
        links = [link.partition("#")[0] for link in _links(page) if "//" not in link]
        assert all((page.parent / link).is_file() for link in links if link)


def test_a_folder_that_holds_something_else_is_left_alone(case_store: Store, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(InputError, match="did not write"):
        write_static_pages(case_store, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    (tmp_path / MARK).write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="did not write"):
        write_static_pages(case_store, tmp_path)


def test_the_command_writes_the_pages_of_a_folder_of_results(case_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    for name in ("alerts", "dossiers"):
        (tmp_path / "results" / f"{name}.ndjson").write_bytes((case_folder / f"{name}.ndjson").read_bytes())
    arguments = ["console", "export", str(tmp_path / "pages"), "--results", str(tmp_path / "results"), "--json"]
    ran = CliRunner().invoke(cli, arguments)
    assert ran.exit_code == 0, ran.output
    assert json.loads(ran.stdout)["pages"] > 50
    assert (tmp_path / "pages" / "index.html").is_file()
    assert CliRunner().invoke(cli, ["console", "export", str(tmp_path / "other")]).exit_code == 2
