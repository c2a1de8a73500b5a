"""Finds what somebody wants a proof of among published records."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import Struct

from streams.core.backtest import Results
from streams.core.enriched import Alert, Dossier
from streams.core.enriched_topics import ENRICHED_TOPICS
from streams.core.rosters.roster import handle_key
from streams.core.subject_event import subject_key
from streams.errors import InputError
from streams.printable import printable
from streams.proofs.layout import About
from streams.proofs.material import PublishedRecords

__all__ = ["ProofTarget", "RecordsByTopic", "records_by_topic", "target_in"]

RecordsByTopic: TypeAlias = Mapping[str, Sequence[tuple[Any, bytes]]]
"""The records of each enriched topic, by its name, with the bytes in which they were published."""

_LEAST_OF_AN_ID: Final = 6  # hex digits
_NAMED: Final = 10  # in a message


class ProofTarget(Struct, frozen=True, kw_only=True):
    """What is to be proved, of which subject, and what was published about it."""

    about: About
    platform: str
    subject_id: str
    published: PublishedRecords


def records_by_topic(results: Results) -> RecordsByTopic:
    """The records of a run of this process, as they would be written."""
    return {
        topic.name: [(record, msgspec.json.encode(record)) for record in results.records(topic.name)]
        for topic in ENRICHED_TOPICS
    }


def target_in(records: RecordsByTopic, what: str) -> ProofTarget:
    """An alert by its id or the beginning of one, or a subject by `platform:id` or `@handle`.

    Raises `InputError` where nothing of that kind was published, or more than one thing.
    """
    alerts: Sequence[tuple[Alert, bytes]] = records["alerts"]
    if what.startswith("@"):
        return _of_subject(records, _by_handle(records, what))
    if ":" in what:
        return _of_subject(records, what)
    meant = [each for each in alerts if each[0].id.startswith(what)] if len(what) >= _LEAST_OF_AN_ID else []
    if len(meant) != 1:
        known = ", ".join(f"{alert.id[:12]} ({alert.rule})" for alert, _ in alerts[:_NAMED])
        remedy = f"the alerts are: {known}" if known else "there is no alert; name a subject as platform:id or @handle"
        which = "several alerts begin" if meant else "no alert begins"
        raise InputError(f"{which} with {printable(what, 80)!r}", remedy=remedy)
    alert = meant[0][0]
    key = subject_key(alert.platform, alert.subject.id)
    published = _published(records, key, lambda each: each.id == alert.id)
    return ProofTarget(
        about=About(kind="alert", id=alert.id),
        platform=alert.platform,
        subject_id=alert.subject.id,
        published=published,
    )


def _by_handle(records: RecordsByTopic, what: str) -> str:
    handle = handle_key(what)
    keys = {
        subject_key(record.platform, record.subject.id)
        for name in ("dossiers", "alerts")
        for record, _ in records[name]
        if record.subject.handle is not None and handle_key(record.subject.handle) == handle
    }
    if len(keys) != 1:
        found = "several subjects are" if keys else "nothing was published about"
        remedy = f"name one of them: {', '.join(sorted(keys)[:_NAMED])}" if keys else "name it as platform:id"
        raise InputError(f"{found} {printable(what, 80)}", remedy=remedy)
    return keys.pop()


def _of_subject(records: RecordsByTopic, key: str) -> ProofTarget:
    published = _published(records, key, lambda _: True)
    if not published.alerts and published.dossier is None:
        raise InputError(
            f"nothing was published about {printable(key, 120)}", remedy="name an alert, platform:id, @handle"
        )
    platform, _, subject_id = key.partition(":")
    return ProofTarget(
        about=About(kind="subject", id=key), platform=platform, subject_id=subject_id, published=published
    )


def _published(records: RecordsByTopic, key: str, is_wanted: Callable[[Alert], bool]) -> PublishedRecords:
    alerts = [each for each in _about(records["alerts"], key) if is_wanted(each[0])]
    dossiers: list[tuple[Dossier, bytes]] = _about(records["dossiers"], key)
    countries = {country for alert, _ in alerts for country in alert.countries}
    aftermaths = [each for each in _about(records["aftermaths"], key) if not countries or each[0].country in countries]
    return PublishedRecords(
        alerts=tuple(sorted(alerts, key=lambda each: each[0].id)),
        dossier=dossiers[-1] if dossiers else None,
        aftermaths=tuple(sorted(aftermaths, key=lambda each: each[0].id)),
    )


def _about(records: Iterable[tuple[Any, bytes]], key: str) -> list[tuple[Any, bytes]]:
    return [each for each in records if subject_key(each[0].platform, each[0].subject.id) == key]
