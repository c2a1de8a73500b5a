"""`antiphon proof verify`: what a proof says of itself is compared with what follows from its bytes.

Each question is answered apart. Nothing in the file is trusted: sizes are bounded before anything is parsed, digests
are worked out from the content, and the records are recounted.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Final, TypeVar
from zlib import crc32

import msgspec

from streams import __version__
from streams.core.rosters.roster import Roster
from streams.core.rosters.roster_file import parse_roster
from streams.core.rosters.roster_problems import RosterError
from streams.core.rule_files.rule_file import parse_rules
from streams.core.rule_files.rule_problems import RulesError
from streams.core.rulebook.rules import RuleSet
from streams.printable import printable
from streams.proofs import layout
from streams.proofs.answers import PLACES, Answer, Check, Verdict, failed
from streams.proofs.archive import Archive, NotAProofError
from streams.proofs.building import environment
from streams.proofs.layout import Environment, Expected, ProofManifest
from streams.proofs.proved_events import ProvedEvents
from streams.proofs.proved_records import ProvedRecords, recount_checks
from streams.proofs.proved_rosters import ProvedRosters
from streams.proofs.seals import Trusted, seal_checks

__all__ = ["verify"]

_T = TypeVar("_T")
_NOTHING: Final = Trusted()


def verify(archive: Archive, trusted: Trusted = _NOTHING) -> Verdict:
    """All answers about a proof, for somebody who trusts a key or nothing.

    Raises `NotAProofError` where it is so wrong that there is nothing to answer.
    """
    for name, entry in archive.entries.items():
        if entry.size > layout.most_bytes(name):
            raise NotAProofError(
                f"{name} has {entry.size:,} bytes; in a proof it has at most {layout.most_bytes(name):,}"
            )
    for name in (layout.MANIFEST, layout.SUMS):
        if name not in archive.entries:
            raise NotAProofError(f"there is no {name}")
    manifest_bytes = archive.read(layout.MANIFEST)
    manifest = _decoded(manifest_bytes, ProofManifest, layout.MANIFEST)
    if manifest.version > layout.VERSION:
        raise NotAProofError(
            f"it has version {manifest.version} of the format, and this is Antiphon {__version__} for version "
            f"{layout.VERSION}",
            remedy="verify it with a newer Antiphon",
        )
    checks = [_hashes(archive, manifest, manifest_bytes), *seal_checks(archive, manifest_bytes, trusted)]
    try:
        checks += _content(archive, manifest)
    except _Missing as missing:
        checks.append(Check(question="content", answer=Answer.FAILED, detail=str(missing)))
    about = f"{manifest.about.kind} {printable(manifest.about.id)}"
    return Verdict(id=sha256(manifest_bytes).hexdigest(), about=about, checks=tuple(checks))


class _Missing(Exception):  # noqa: N818 - what a proof lacks is an answer
    """A file that every proof has is not there, or is not what it should be."""


def _hashes(archive: Archive, manifest: ProofManifest, manifest_bytes: bytes) -> Check:
    wrong: list[str] = []
    listed = {file.name: file for file in manifest.files}
    if len(listed) != len(manifest.files):
        wrong.append(f"{layout.MANIFEST} names a file twice")
    held = archive.entries.keys() - {layout.MANIFEST, layout.SUMS} - layout.SEALS
    wrong += [f"{name}: in the file and not in {layout.MANIFEST}" for name in sorted(held - listed.keys())]
    wrong += [f"{printable(name)}: in {layout.MANIFEST} and not in the file" for name in sorted(listed.keys() - held)]
    for name, entry in archive.entries.items():
        digest, crc = sha256(), 0
        for block in archive.blocks(name):
            digest.update(block)
            crc = crc32(block, crc)
        file = listed.get(name)
        if file is not None and (file.sha256 != digest.hexdigest() or file.bytes != entry.size):
            wrong.append(
                f"{name}: its SHA-256 is {digest.hexdigest()[:16]}…, and {file.sha256[:16]}… in {layout.MANIFEST}"
            )
        elif crc != entry.crc:
            wrong.append(f"{name}: its CRC-32 is another one than the archive says")
    if archive.read(layout.SUMS) != layout.sums_of(manifest, manifest_bytes):
        wrong.append(f"{layout.SUMS} does not say the same as {layout.MANIFEST}")
    return _check("hashes", wrong, f"{len(held) + 2} files are as the manifest says")


def _content(archive: Archive, manifest: ProofManifest) -> list[Check]:
    published = _read(lambda: ProvedRecords.of(archive))
    expected = _decoded_file(archive, layout.EXPECTED, Expected)
    checks = [_about(manifest, published)]
    rosters = _read(lambda: ProvedRosters(archive))
    roster, roster_check = _roster(archive, published, rosters)
    rules, rules_check = _rules(archive, published)
    checks += [roster_check, *rosters.checks(), rules_check]
    events = _read(lambda: ProvedEvents(archive))
    checks += events.checks()
    if roster is None or rules is None or not events.readable:
        why = "the roster, the rules or the events cannot be read"
        checks.append(Check(question="recounted", answer=Answer.FAILED, detail=why))
    else:
        checks += recount_checks(published, expected, roster, rosters.by_digest, rules, events)
    checks.append(_environment(archive))
    return checks


def _about(manifest: ProofManifest, published: ProvedRecords) -> Check:
    """Whether the records are those of what the manifest names."""
    about = manifest.about
    if about.kind == "alert":
        wrong = (
            [] if [alert.id for alert, _, _ in published.alerts] == [about.id] else [f"{layout.ALERT} is another alert"]
        )
    else:
        wrong = [f"{name} is about another subject" for name, key in published.subjects() if key != about.id]
    if not published.alerts and published.dossier is None:
        wrong.append("no record is there")
    return _check("records", wrong, f"of {about.kind} {printable(about.id)}")


def _roster(archive: Archive, published: ProvedRecords, others: ProvedRosters) -> tuple[Roster | None, Check]:
    try:
        roster = parse_roster(_file(archive, layout.ROSTER), layout.ROSTER)
    except RosterError as error:
        return None, Check(question="roster", answer=Answer.FAILED, detail=printable(error.message, 300))
    rests = list(published.roster_digests())
    wrong = [
        f"{name} rests on roster {digest[:12]}, and {layout.ROSTER} is {roster.digest[:12]}"
        for name, digest in rests
        if digest != roster.digest and (published.is_of_one_alert or digest not in others.by_digest)
    ]
    if wrong and not published.is_of_one_alert and len(wrong) < len(rests):
        detail = f"{len(wrong)} of {len(rests)} records rest on other rosters: prove those alerts apart"
        return roster, Check(question="roster", answer=Answer.STATED, detail=detail, places=tuple(wrong[:PLACES]))
    return roster, _check("roster", wrong, f"{len(roster.entries):,} entries, digest {roster.digest[:12]}")


def _rules(archive: Archive, published: ProvedRecords) -> tuple[RuleSet | None, Check]:
    try:
        rules = parse_rules(_file(archive, layout.RULES).decode("utf-8-sig"), layout.RULES)
    except RulesError as error:
        return None, Check(question="rules", answer=Answer.FAILED, detail=printable(error.message, 300))
    except UnicodeDecodeError:
        return None, Check(question="rules", answer=Answer.FAILED, detail=f"{layout.RULES} is not UTF-8")
    digests = {rule.name: rule.digest for rule in rules.rules}
    wrong = [
        f"{name} rests on rule {printable(alert.rule)} with digest {alert.rule_digest[:12]}, and {layout.RULES} has "
        + (f"{digests[alert.rule][:12]}" if alert.rule in digests else "none of that name")
        for alert, _, name in published.alerts
        if digests.get(alert.rule) != alert.rule_digest
    ]
    return rules, _check("rules", wrong, f"{len(rules.rules)} rules, digest {rules.digest[:12]}")


def _environment(archive: Archive) -> Check:
    made_by, this = _decoded_file(archive, layout.ENVIRONMENT, Environment), environment()
    version = printable(made_by.antiphon, 40)
    if made_by == this:
        return Check(question="code", answer=Answer.OK, detail=f"made by this very code, Antiphon {version}")
    detail = f"made by Antiphon {version} with code {made_by.code_sha256[:12]}; this is {__version__} with "
    detail += this.code_sha256[:12]
    if made_by.policies != this.policies:
        detail += ", whose bounds are others"
    return Check(question="code", answer=Answer.STATED, detail=detail)


def _check(question: str, wrong: list[str], right: str) -> Check:
    if not wrong:
        return Check(question=question, answer=Answer.OK, detail=right)
    return failed(question, *wrong)


def _file(archive: Archive, name: str) -> bytes:
    if name not in archive.entries:
        raise _Missing(f"there is no {name}")
    return archive.read(name)


def _decoded_file(archive: Archive, name: str, of: type[_T]) -> _T:
    return _read(lambda: _decoded(_file(archive, name), of, name))


def _read(reading: Callable[[], _T]) -> _T:
    """What a file says. That it is wrong is an answer: by then it is known that this is a proof."""
    try:
        return reading()
    except NotAProofError as error:
        raise _Missing(error.message) from error


def _decoded(data: bytes, of: type[_T], name: str) -> _T:
    try:
        return msgspec.json.decode(data, type=of)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotAProofError(f"{name} is not what it is in a proof: {printable(str(error), 200)}") from error
