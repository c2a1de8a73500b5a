"""An aftermath: the 30 days before a suspension against the days after it, who deleted what, and who was silent."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from streams.console.pages.aftermath_figure import aftermath_figure
from streams.console.pages.aftermath_words import (
    called,
    summary_of,
    suspended_words,
    uncertain_words,
    unseen_words,
    watch_words,
)
from streams.console.pages.alert_states import ShownState, shown_state
from streams.console.pages.amplification_lines import kept_hashes
from streams.console.pages.chance import CHANCE, Chance
from streams.console.pages.page import NotFound, PageAnswer, PageRequest, Rows
from streams.console.store.reading import Store
from streams.console.store.results import StoredAlert
from streams.core.country_names import country_name
from streams.core.enriched import Alert
from streams.core.platforms import post_link
from streams.core.subject_event import subject_key
from streams.core.suspension_words import event_words, gone_in_words
from streams.core.watching.aftermath_records import (
    Aftermath,
    AftermathDeletion,
    AftermathReference,
    PossibleSuccessor,
)
from streams.core.watching.watch_policy import WatchPolicy
from streams.printable import quoted

__all__ = ["AftermathAlert", "AftermathPage", "DeletedPostLine", "ReferringPost", "aftermath_page"]

_SHOWN: Final = 80


class ReferringPost(Struct, frozen=True, kw_only=True):
    """An official's post in the watch that refers to the account."""

    reference: AftermathReference
    """As the record has it."""
    key: str
    """The official, as `platform:id`."""
    link: str | None
    """Where people could see it; nothing says that it is still there."""
    sha256: str | None
    """The hash of the kept event, which names its page; null where it is not kept."""


class DeletedPostLine(Struct, frozen=True, kw_only=True):
    """An official's post that is gone."""

    deletion: AftermathDeletion
    """As the record has it."""
    key: str
    """The official, as `platform:id`."""
    days_up: float
    """How long it stood, in days."""
    sha256: str | None
    """The hash of the kept post, which names its page; null where it is not kept."""


class SilentOfficial(Struct, frozen=True, kw_only=True):
    """An official that had amplified the account and did not refer to it in the watch."""

    key: str
    """The official, as `platform:id`."""
    handle: str | None
    """Its handle, without @."""
    category: str
    """What kind of official."""
    amplifications: int
    """Its amplifications of the account before."""
    posts: int | None
    """Its posts in the watch; null while the watch is open."""


class AftermathAlert(Struct, frozen=True, kw_only=True):
    """An alert on this watch, with how often its rule held by chance."""

    id: str
    """The alert."""
    rule: str
    """Its rule."""
    severity: str
    """How urgent it is."""
    state: ShownState
    """What it is now."""
    fired_at: datetime
    """When the rule first held."""
    summary: str
    """What was observed, in a sentence."""
    chance: Chance | None
    """How often the rule held by chance, as measured; null where nobody measured it."""


class AftermathPage(Struct, frozen=True, kw_only=True):
    """What the officials of one State did after an account was suspended. `aftermath` is the record as it is."""

    aftermath: Aftermath
    """The record."""
    key: str
    """The account, as `platform:id`."""
    country: str
    """The State's name."""
    heading: str
    """What the page is of."""
    summary: str
    """What was counted, in a sentence."""
    suspended: str
    """What became of the account, and when, in words."""
    watch: str
    """From when to when the watch lasts, and how it ended, in words."""
    uncertain: str
    """What of the counts before may have come after; empty where nothing."""
    expected: float | None
    """Deletions to be expected in the watch; null where too much went unseen to say."""
    ratio: float | None
    """Deletions to expected ones, of which at least one is taken to be expected; null likewise."""
    silent: tuple[SilentOfficial, ...]
    """Those that are silent, by name, as far as the record lists them."""
    silent_total: int | None
    """How many in all; null where too much went unseen to call anybody silent."""
    references: tuple[ReferringPost, ...]
    """The first references in the watch."""
    deletions: tuple[DeletedPostLine, ...]
    """Deletions that concern the account, or share most with it; in the order of their times."""
    deletions_unlisted: int
    """Deletions that are counted and not listed."""
    gone: str
    """Posts that are gone and that nobody took back, in words; empty where there are none."""
    unseen: tuple[str, ...]
    """What went unseen, a sentence each."""
    successors: tuple[PossibleSuccessor, ...]
    """Accounts that resemble it and that the same officials took up."""
    alerts: tuple[AftermathAlert, ...]
    """Alerts on this watch."""
    chance: tuple[Chance, ...]
    """How often rules on an aftermath held by chance."""
    sha256: str
    """SHA-256 of the record, in hex."""
    place: str
    """Where the record stands."""
    written_at: datetime | None
    """When it was written; null where nobody knows."""


def aftermath_page(store: Store, request: PageRequest) -> PageAnswer:
    """`/aftermaths/ID`."""
    request.only()
    stored = store.aftermath(request.path["id"])
    if stored is None:
        raise NotFound(
            f"There is no aftermath {quoted(request.path['id'], _SHOWN)}.",
            remedy="An aftermath has 32 hex digits; all of them are under Aftermaths.",
        )
    record = stored.aftermath
    key = subject_key(record.platform, record.subject.id)
    coverage = record.coverage
    no_silence = coverage is not None and coverage.says_nothing_of_silence
    no_comparison = coverage is not None and coverage.says_nothing_of_deletions
    ids = [each.post_id for each in record.listed_references] + [each.post_id for each in record.listed_deletions]
    hashes = kept_hashes(store.events(record.platform, ids))
    event = event_words(record.suspension.status)
    who = called(record.subject.handle, key)
    heading = f"{country_name(record.country)} after {event} of {who}"
    model = AftermathPage(
        aftermath=record,
        key=key,
        country=country_name(record.country),
        heading=heading,
        summary=summary_of(record, no_silence=no_silence, no_comparison=no_comparison),
        suspended=suspended_words(record),
        watch=watch_words(record),
        uncertain=uncertain_words(record),
        expected=None if no_comparison else record.expected_deletions,
        ratio=None if no_comparison else record.deletion_ratio,
        silent=() if no_silence else tuple(_silent(record)),
        silent_total=None if no_silence else record.silent_officials,
        references=tuple(
            ReferringPost(
                reference=each,
                key=subject_key(record.platform, each.official),
                link=post_link(record.platform, each.official, each.handle, each.post_id),
                sha256=hashes.get(each.post_id),
            )
            for each in record.listed_references
        ),
        deletions=tuple(
            DeletedPostLine(
                deletion=each,
                key=subject_key(record.platform, each.official),
                days_up=(each.deleted_at - each.posted_at) / timedelta(days=1),
                sha256=hashes.get(each.post_id),
            )
            for each in sorted(record.listed_deletions, key=lambda each: (each.deleted_at, each.post_id))
        ),
        deletions_unlisted=max(0, record.deletions - len(record.listed_deletions)),
        gone=gone_in_words(record.gone_with_original, record.gone_with_official, record.gone_unknown),
        unseen=tuple(unseen_words(record)),
        successors=record.possible_successors,
        alerts=tuple(_alerts(record, store.alerts_of(key), request.now)),
        chance=tuple(CHANCE.values()),
        sha256=stored.sha256,
        place=stored.place,
        written_at=stored.written_at,
    )
    return PageAnswer(
        title=f"{heading} · aftermath",
        template="aftermath.html",
        model=model,
        figures={"before-after": aftermath_figure(record, heading, no_comparison=no_comparison)},
        rows=Rows(record=AftermathDeletion, rows=record.listed_deletions),
    )


def _silent(record: Aftermath) -> Iterator[SilentOfficial]:
    for each in record.officials:
        if each.silent:
            yield SilentOfficial(
                key=subject_key(record.platform, each.id), handle=each.handle, category=each.category,
                amplifications=each.amplifications, posts=each.posts,
            )  # fmt: skip


def _alerts(record: Aftermath, alerts: Sequence[StoredAlert], now: datetime) -> Iterator[AftermathAlert]:
    for stored in alerts:
        if stored.alert is not None and _is_on(stored.alert, record):
            alert = stored.alert
            yield AftermathAlert(
                id=alert.id, rule=alert.rule, severity=alert.severity, state=shown_state(alert, now),
                fired_at=alert.fired_at, summary=alert.summary, chance=CHANCE.get(alert.rule),
            )  # fmt: skip


def _is_on(alert: Alert, record: Aftermath) -> bool:
    """Whether an alert about the account is on this watch: its figures are of a watch, its State and time are this
    one's. Which watch it was is in no record.
    """
    last = record.opened_at + timedelta(days=WatchPolicy().remembered_days)
    return (
        "amplifying_officials" in alert.figures
        and alert.countries[:1] == (record.country,)
        and record.opened_at <= alert.fired_at <= last
    )
