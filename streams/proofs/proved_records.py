"""The records in a proof, and whether they follow from its events."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from streams.core.clock import to_us
from streams.core.enriched import Alert, Dossier
from streams.core.rosters.roster import Roster
from streams.core.rulebook.rules import RuleSet
from streams.core.subject_event import subject_key
from streams.core.watching.aftermath_records import Aftermath
from streams.printable import printable
from streams.proofs import layout
from streams.proofs.answers import PLACES, Answer, Check, failed
from streams.proofs.archive import Archive, NotAProofError
from streams.proofs.building import is_on_aftermath, taken_as_counted
from streams.proofs.comparison import differences, with_published_texts, with_texts_withheld
from streams.proofs.layout import Expected
from streams.proofs.material import PublishedRecords
from streams.proofs.proved_events import ProvedEvents
from streams.proofs.proved_versions import ProvedVersions, version_check
from streams.proofs.recount import Recount, counts_as, recount

__all__ = ["ProvedRecords", "recount_checks"]

_RecordT = TypeVar("_RecordT", Alert, Dossier, Aftermath)
_AFTERMATHS: Final = "aftermaths/"


class ProvedRecords(Struct, frozen=True, kw_only=True):
    """Each record with its bytes, without the line feed, and the name of its file."""

    alerts: tuple[tuple[Alert, bytes, str], ...]
    dossier: tuple[Dossier, bytes, str] | None
    aftermaths: tuple[tuple[Aftermath, bytes, str], ...]
    versions: ProvedVersions

    @classmethod
    def of(cls, archive: Archive) -> "ProvedRecords":
        """Those of a proof. Raises `NotAProofError` for one that is none."""
        names = list(archive.entries)
        alerts = [name for name in names if name == layout.ALERT or name.startswith(layout.ALERT_FOLDER)]
        aftermaths = [name for name in names if name == layout.AFTERMATH or name.startswith(_AFTERMATHS)]
        return cls(
            alerts=tuple(_record(archive, name, Alert) for name in alerts),
            dossier=_record(archive, layout.DOSSIER, Dossier) if layout.DOSSIER in archive.entries else None,
            aftermaths=tuple(_record(archive, name, Aftermath) for name in aftermaths),
            versions=ProvedVersions.of(archive),
        )

    def records(self) -> PublishedRecords:
        """Without the names of the files."""
        return PublishedRecords(
            alerts=tuple((alert, value) for alert, value, _ in self.alerts),
            dossier=None if self.dossier is None else self.dossier[:2],
            aftermaths=tuple((aftermath, value) for aftermath, value, _ in self.aftermaths),
        )

    def subjects(self) -> Iterator[tuple[str, str]]:
        """The name of each record's file, and whom it is about."""
        records: list[tuple[Alert | Dossier | Aftermath, str]] = [(alert, name) for alert, _, name in self.alerts]
        records += [(aftermath, name) for aftermath, _, name in self.aftermaths]
        if self.dossier is not None:
            records.append((self.dossier[0], self.dossier[2]))
        yield from ((name, subject_key(record.platform, record.subject.id)) for record, name in records)

    def roster_digests(self) -> Iterator[tuple[str, str]]:
        """The name of each record's file, and the digest of the roster on which it rests; of a single alert its own."""
        yield from ((name, alert.roster_digest) for alert, _, name in self.alerts)
        if not self.is_of_one_alert and self.dossier is not None:
            yield self.dossier[2], self.dossier[0].roster_digest

    @property
    def is_of_one_alert(self) -> bool:
        """Whether it proves an alert, and no whole subject."""
        return [name for _, _, name in self.alerts] == [layout.ALERT]


def recount_checks(
    published: ProvedRecords,
    expected: Expected,
    roster: Roster,
    others: Mapping[str, Roster],
    rules: RuleSet,
    events: ProvedEvents,
) -> list[Check]:
    """Whether each record follows from the events, and each event counts as it was said to.

    `others` are further rosters, by digest: a record that rests on one of them is recounted under that one.
    """
    keys = sorted({key for _, key in published.subjects()})
    if len(keys) != 1:
        return [Check(question="recounted", answer=Answer.FAILED, detail="the records are about several subjects")]
    platform, _, subject_id = keys[0].partition(":")
    read_up_to_us = to_us(expected.read_up_to)
    found = recount(roster, rules, events.readings, read_up_to_us)
    found_by = {roster.digest: found}
    for digest in {digest for _, digest in published.roster_digests()} & others.keys() - {roster.digest}:
        found_by[digest] = recount(others[digest], rules, events.readings, read_up_to_us)
    checks = [_counted(published, expected, found, events, platform, subject_id)]
    partial = taken_as_counted(published.records())
    lacking = ""
    if events.withheld:
        lacking = f"{events.withheld:,} events are withheld"
    for alert, value, name in published.alerts:
        by = found_by.get(alert.roster_digest, found)
        again = by.results.alerts.get(alert.id)
        if again is not None and alert.retracted_at is not None:  # events say nothing of what a person did
            again = replace(
                again,
                status=alert.status,
                retracted_at=alert.retracted_at,
                retracted_because=alert.retracted_because,
            )
        of_texts = events.redacted > 0 and is_on_aftermath(alert.rule, rules)
        reason = "texts that its figures look at are left out" if of_texts else lacking
        other_roster, also = alert.roster_digest not in found_by, _other_rosters_before(alert, published.versions)
        checks.append(_recounted(name, value, again, partial, reason, other_roster=other_roster, also=also))
    if published.dossier is not None:
        dossier, value, name = published.dossier
        found_dossier = found_by.get(dossier.roster_digest, found).results.dossiers.get(keys[0])
        again_dossier = None if found_dossier is None else with_published_texts(found_dossier, dossier)
        other_roster = dossier.roster_digest not in found_by
        but = "text matches as stated"
        checks.append(_recounted(name, value, again_dossier, partial, lacking, but, other_roster=other_roster))
    for aftermath, value, name in published.aftermaths:
        if name in expected.records:
            reason = "texts that it looks at are left out" if events.redacted else lacking
            found_aftermath = found.results.aftermaths.get(aftermath.id)
            again_aftermath = None if found_aftermath is None else with_texts_withheld(found_aftermath, aftermath)
            checks.append(_recounted(name, value, again_aftermath, 0, reason))
        else:
            detail = "kept as it was published: it rests on all that officials did meanwhile, which is not here"
            checks.append(Check(question=name, answer=Answer.STATED, detail=detail))
    alerts = [alert for alert, _, _ in published.alerts]
    if partial:
        lacking = f"{partial:,} engagements are taken as counted"
    rosters = {**others, roster.digest: roster}
    checks.append(version_check(published.versions, alerts, rosters, rules, events, read_up_to_us, lacking))
    return checks


def _other_rosters_before(alert: Alert, versions: ProvedVersions) -> str:
    """What may be why an alert does not follow, in words, or nothing. It excuses nothing: anybody can add a version."""
    before = {each.roster_digest for each, _ in versions.held if each.id == alert.id} - {alert.roster_digest}
    if not before:
        return ""
    named = ", ".join(printable(digest[:12]) for digest in sorted(before)[:PLACES])
    return (
        f"earlier versions rest on roster {named}: where {printable(alert.roster_digest[:12])} was published meanwhile "
        "without --correction, the alert was counted under both, and follows from neither"
    )


def _recounted(
    name: str,
    value: bytes,
    again: Alert | Dossier | Aftermath | None,
    partial: int,
    lacking: str,
    but: str = "",
    *,
    other_roster: bool = False,
    also: str = "",
) -> Check:
    """Whether a record follows, and what is `also` to be said where it does not.

    One that rests on another roster than the proof's is kept for reading.
    """
    if other_roster and name != layout.ALERT:
        return Check(question=name, answer=Answer.STATED, detail="rests on another roster, which is not here")
    found = b"null" if again is None else msgspec.json.encode(again)
    but = f"; {but}" if but else ""
    equal = value == found
    wrong = [] if equal else differences(value, found)
    if again is None:
        wrong = ["nothing of it follows from the events"]
    if lacking:
        return Check(question=name, answer=Answer.NOT_CHECKABLE, detail=lacking, places=tuple(wrong[:PLACES]))
    if partial:
        detail = f"{partial:,} taken as counted: only the newest engagements of a subject are retained"
        if wrong:
            detail += f"; of what is here not recounted equal: {wrong[0]}"
        return Check(question=name, answer=Answer.PARTIAL, detail=detail, places=tuple(wrong[:PLACES]))
    if wrong:
        return failed(name, wrong[0], *([also] if also else []), *wrong[1:])
    detail = "recounted, equal byte for byte" if equal else "recounted, equal in every field that was published"
    return Check(question=name, answer=Answer.OK, detail=detail + but)


def _counted(
    published: ProvedRecords, expected: Expected, found: Recount, events: ProvedEvents, platform: str, subject_id: str
) -> Check:
    """Whether each event counts as it is said to."""
    countries = sorted({country for alert, _, _ in published.alerts for country in alert.countries})
    wrong: list[str] = []
    missing = dict(expected.counted)
    more = 0
    for name, (event, source) in zip(events.names, events.readings(), strict=True):
        said = missing.pop(name, None)
        if said is None:  # unless it changes a record it does no harm, and if it does the record says so
            more += 1
            continue
        counted = counts_as(event, source, found.known, platform, subject_id, countries)
        if counted != said:
            shown = "; ".join(counted) or "nothing"
            wrong.append(
                f"{printable(name, 120)} counts as {shown}, and was said to count as {'; '.join(said) or 'nothing'}"
            )
    if not events.withheld:
        named = islice(missing, PLACES)
        wrong += [f"{printable(name, 120)} is said to count and is not here" for name in named]
    if wrong:
        return failed("events count", *wrong)
    detail = f"{len(events.names) - more:,} events count as they are said to"
    if more:
        detail += f"; {more:,} more of which nothing is said change no record"
    return Check(question="events count", answer=Answer.OK, detail=detail)


def _record(archive: Archive, name: str, of: type[_RecordT]) -> tuple[_RecordT, bytes, str]:
    data = archive.read(name)
    if not data.endswith(b"\n"):
        raise NotAProofError(f"{name} does not end with a line feed")
    return _decoded(data[:-1], of, name), data[:-1], name


def _decoded(data: bytes, of: type[_RecordT], name: str) -> _RecordT:
    try:
        data.decode()  # the decoder looks at no byte of a field that it does not know
        return msgspec.json.decode(data, type=of)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotAProofError(f"{name} is no {of.__name__.lower()}: {printable(str(error), 200)}") from error
