"""The proof of an alert, made of what the store keeps: its raw events, its roster and its rules.

Each is verified before it is given away; one that would not hold is not.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from streams.console.store.reading import Store
from streams.core.clock import to_us
from streams.core.enriched import Alert, Dossier
from streams.core.rosters.roster import Roster, handle_key
from streams.core.rosters.roster_text import roster_text
from streams.core.rule_files.rule_file import parse_rules
from streams.core.screening.account_index import AccountIndex
from streams.core.subject_event import Coordinates, subject_key
from streams.core.tracked import TrackedAccount
from streams.errors import InputError
from streams.proofs.answers import Answer
from streams.proofs.building import is_on_aftermath
from streams.proofs.closure import Closure, Reach, Received, events_under
from streams.proofs.finding import Proof, smallest_proof
from streams.proofs.layout import About
from streams.proofs.material import ProofMaterial, PublishedRecords, rosters_that_fit

__all__ = ["proof_file_name", "proof_of_alert"]

_SHOWN_ID: Final = 12  # characters
_NO_NAME: Final = re.compile("[^0-9A-Za-z]")
_MOST_EVENTS: Final = 100_000  # that are gone through while somebody waits at a browser
_ELSEWHERE: Final = "make it with `antiphon proof export`, which reads the topics or files themselves"


def proof_of_alert(store: Store, alert_id: str) -> Proof | None:
    """The smallest proof that verifies; `None` where there is no such alert.

    Raises `InputError` where what is kept does not suffice, or is more than somebody can wait for.
    """
    stored = store.alert(alert_id)
    if stored is None or stored.alert is None or stored.value is None:
        return None
    alert = stored.alert
    if store.status().counts.get("events", 0) > _MOST_EVENTS:
        raise InputError(f"more than {_MOST_EVENTS:,} raw events are kept here", remedy=_ELSEWHERE)
    stored_roster, file = store.roster(alert.roster_digest), store.rule_file_of(alert.rule_digest)
    if stored_roster is None or stored_roster.roster is None:
        raise InputError(f"the roster {alert.roster_digest[:12]} is not kept here whole", remedy=_ELSEWHERE)
    if file is None or file.text is None:
        raise InputError(f"the rules of {alert.rule_digest[:12]} are not kept here", remedy=_ELSEWHERE)
    key = subject_key(alert.platform, alert.subject.id)
    roster = stored_roster.roster
    known = _known(roster, alert, store.dossier(key))
    on_aftermath = is_on_aftermath(alert.rule, parse_rules(file.text, "the rules of the evidence"))
    published = _published(store, alert, stored.value, key)
    others = _other_rosters(store, roster, published)
    newest_us = max((to_us(event.at) for event, *_ in _received(store, alert.platform)), default=0)

    def material(reach: Reach) -> ProofMaterial:
        events = events_under(
            (roster, *others),
            known,
            lambda: Closure(
                platform=alert.platform,
                subject_id=alert.subject.id,
                countries=frozenset(alert.countries),
                known=known,
                reach=reach,
            ),
            lambda: _received(store, alert.platform),
        )
        last_us = max((to_us(each.index.at) for each in events if each.index.at is not None), default=0)
        return ProofMaterial(
            about=About(kind="alert", id=alert.id),
            platform=alert.platform,
            subject_id=alert.subject.id,
            published=published,
            events=events,
            roster_csv=roster_text(roster),
            rules_toml=(file.text or "").encode(),
            read_up_to_us=newest_us if on_aftermath else last_us,
            other_rosters={each.digest: roster_text(each) for each in others},
        )

    try:
        proof = smallest_proof(material, least=Reach.COUNTRIES if on_aftermath else Reach.SUBJECT, redact=False)
    except ValueError as error:
        raise InputError(f"the proof cannot be made: {error}", remedy=_ELSEWHERE) from error
    if proof.verdict.answer is Answer.FAILED:
        raise InputError("the alert does not follow from what is kept here", remedy=_ELSEWHERE)
    return proof


def _known(roster: Roster, alert: Alert, dossier: Dossier | None) -> AccountIndex:
    """Whom SCREEN lets through: the officials, those of them by the id that the dossier has for a handle, and the
    subject itself.
    """
    known = AccountIndex()
    known.use(roster)
    officials = () if dossier is None else dossier.officials
    handles = {
        handle_key(entry.handle): entry.handle
        for entry in roster.entries
        if entry.platform == alert.platform and entry.account_id is None and entry.handle is not None
    }
    for official in officials:
        if official.handle is not None and (handle := handles.get(handle_key(official.handle))) is not None:
            known.add(TrackedAccount(platform=alert.platform, id=official.id, handle=handle))
    countries = sorted({*alert.countries, *(official.country for official in officials)})
    known.add(TrackedAccount(platform=alert.platform, id=alert.subject.id, countries=tuple(countries)))
    return known


def _other_rosters(store: Store, roster: Roster, published: PublishedRecords) -> tuple[Roster, ...]:
    """Those by which earlier versions were counted, the newest first, as far as they are kept."""
    versions = (msgspec.json.decode(value, type=Alert) for value in reversed(published.versions))
    kept = (store.roster(digest) for digest in dict.fromkeys(version.roster_digest for version in versions))
    return rosters_that_fit(roster, (each.roster for each in kept if each is not None and each.roster is not None))


def _published(store: Store, alert: Alert, value: bytes, key: str) -> PublishedRecords:
    dossier, dossier_bytes = store.dossier(key), store.dossier_bytes(key)
    stored = (store.aftermath(each.id) for each in store.aftermaths_of(key) if each.country in alert.countries)
    return PublishedRecords(
        alerts=((alert, value),),
        versions=tuple(each.value for each in store.alert_versions(alert.id) if each.value is not None),
        dossier=None if dossier is None or dossier_bytes is None else (dossier, dossier_bytes),
        aftermaths=tuple(
            sorted(((each.aftermath, each.value) for each in stored if each is not None), key=lambda each: each[0].id)
        ),
    )


def _received(store: Store, platform: str) -> Iterator[Received]:
    for kept in store.every_event(platform):
        event = kept.readable
        if event is not None and kept.value is not None:
            received_us = None if kept.received_at is None else to_us(kept.received_at)
            yield event, kept.value, kept.source or Coordinates("evidence", 0, 0), received_us


def proof_file_name(alert_id: str) -> str:
    """What an alert's proof is called on its page and as a download: of the id letters and digits alone."""
    return f"proof-{_NO_NAME.sub('', alert_id)[:_SHOWN_ID]}.zip"
