"""An account: everything that the records say of it as a subject, each figure as the dossier has it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from streams.console.pages.account_keys import AccountKey, account_key_of
from streams.console.pages.account_score import ScoreTerm, score_figure, score_terms
from streams.console.pages.account_strip import OfficialTimes, account_strip, official_times
from streams.console.pages.aftermath_lines import AftermathLine, aftermath_line
from streams.console.pages.alert_lines import AlertLine, alert_line
from streams.console.pages.amplification_lines import (
    AmplificationLine,
    all_amplifications,
    amplification_lines,
    kept_hashes,
)
from streams.console.pages.compared_texts import ComparedMatch, compared_matches
from streams.console.pages.dossier_words import (
    NoticeLine,
    bounds_words,
    created_words,
    notice_lines,
    removal_words,
    seen_words,
    summary_of,
)
from streams.console.pages.page import NotFound, PageAnswer, PageRequest, Rows
from streams.console.store.filters import AlertFilter, PageOf
from streams.console.store.reading import Store
from streams.console.store.results import EventRow, StoredAlert
from streams.core.case_file import Unseen, unseen_of
from streams.core.corrections.correction import Correction
from streams.core.enriched import Amplification, Dossier
from streams.core.watching.aftermath_records import Aftermath, PossibleSuccessor
from streams.events import Account

__all__ = ["AccountPage", "EarlierHandle", "SuccessorLine", "account_page"]

_ROWS: Final = 50
_LOOKED_AT: Final = 400
"""Kept events, and amplifications, in which earlier handles and texts of retweets are looked for; and marks drawn."""
_EARLIER: Final = 20
_OFFICIALS: Final = 100


class EarlierHandle(Struct, frozen=True, kw_only=True):
    """A handle that the account had in records that are kept."""

    handle: str
    """The handle, without @."""
    first_at: datetime
    """The first of these records."""
    last_at: datetime
    """The last of them."""


class SuccessorLine(Struct, frozen=True, kw_only=True):
    """A possible successor of the account: it resembles it, and the same officials took it up. No more is known."""

    aftermath: str
    """The aftermath that lists it."""
    key: str
    """The account, as `platform:id`."""
    successor: PossibleSuccessor
    """As the record has it."""


class AccountPage(Struct, frozen=True, kw_only=True):
    """Everything known of one account as a subject. `dossier` is the record as the topic has it."""

    key: str
    """The account, as `platform:id`."""
    account: Account
    """The account as known last."""
    is_official: bool
    """Whether it is on a roster: it has a page as an official then."""
    summary: str
    """What was counted, in a sentence."""
    dossier: Dossier | None
    """The record; null where nothing was counted, or the topic does not have it."""
    created: str
    """Who says when it was created."""
    bounds: tuple[str, ...]
    """Why figures are lower bounds, a sentence each; nothing where they are whole."""
    seen: tuple[str, ...]
    """Since when the officials were seen, a sentence for each State."""
    removal_reasons: tuple[str, ...]
    """What became of amplifications."""
    unseen: Unseen
    """What sources say that nobody saw of the platform since the first amplification."""
    score: tuple[ScoreTerm, ...]
    """The score's terms in words."""
    notices: tuple[NoticeLine, ...]
    """Notices of suspensions and returns, the newest first."""
    handles: tuple[EarlierHandle, ...]
    """Other handles that it had in the newest records that are kept, the newest first."""
    matches: tuple[ComparedMatch, ...]
    """Its posts that share most text with official posts, side by side."""
    timeline: tuple[OfficialTimes, ...]
    """When each official amplified it: the newest 400 amplifications that are kept."""
    alerts: tuple[AlertLine, ...]
    """Alerts about it, the newest first, with retracted ones."""
    aftermaths: tuple[AftermathLine, ...]
    """What officials did after it was suspended."""
    successors: tuple[SuccessorLine, ...]
    """Possible successors of it."""
    successor_of: tuple[AftermathLine, ...]
    """Aftermaths of other accounts that list it as a possible successor."""
    corrections: tuple[Correction, ...]
    """What was corrected of it, the newest first."""
    officials_shown: int
    """How many of the dossier's officials the page lists: those with most amplifications."""
    official: str | None
    """The official whose amplifications alone are listed, as `platform:id`; null for all."""
    amplifications: tuple[AmplificationLine, ...]
    """A page of its amplifications, the newest first; as far as the topic still has them."""
    next: str | None
    """The cursor of the next page of amplifications."""
    previous: str | None
    """The cursor of the page before."""


def account_page(store: Store, request: PageRequest) -> PageAnswer:
    """`/accounts/PLATFORM:ID?official=&officials=&after=&before=`."""
    request.only("official", "officials", "after", "before")
    every = request.choice("officials", ("all",)) is not None
    wanted = account_key_of(request)
    official = request.text("official")
    dossier = store.dossier(wanted.key)
    alerts = store.alerts_of(wanted.key)
    aftermaths = store.aftermaths_of(wanted.key)
    successor_of = store.successor_in(wanted.key)
    page = PageOf(size=_ROWS, after=request.text("after") or "", before=request.text("before") or "")
    found = store.amplifications(wanted.key, page, official)
    as_official = store.official(wanted.key)
    if dossier is None and not (alerts or aftermaths or successor_of or found.rows):
        raise _not_known(wanted, is_official=as_official is not None)
    account = _account(wanted, dossier, alerts, aftermaths, successor_of, found.rows)
    newest = store.amplifications(wanted.key, PageOf(size=_LOOKED_AT)).rows
    events = store.events_of_subject(wanted.key, PageOf(size=_LOOKED_AT)).rows
    matches = () if dossier is None else dossier.text_matches.best
    ids = {each for match in matches for each in (match.post_id, match.official_post_id)}
    if dossier is not None:
        ids |= {notice.event_id for notice in dossier.suspensions}
    by_id = store.events(wanted.platform, sorted(ids))
    since = None if dossier is None else dossier.first_amplified_at
    who = f"@{account.handle}" if account.handle else wanted.key
    model = AccountPage(
        key=wanted.key,
        account=account,
        is_official=as_official is not None,
        summary=f"{who}: no count of it is kept here." if dossier is None else summary_of(dossier),
        dossier=dossier,
        created="" if dossier is None else created_words(dossier),
        bounds=() if dossier is None else tuple(bounds_words(dossier)),
        seen=() if dossier is None else tuple(seen_words(dossier)),
        removal_reasons=() if dossier is None else tuple(removal_words(dossier)),
        unseen=unseen_of(wanted.platform, store.coverage(wanted.platform), since, None),
        score=() if dossier is None else score_terms(dossier.score),
        notices=() if dossier is None else notice_lines(dossier, kept_hashes(by_id)),
        handles=tuple(_earlier_handles(wanted, account, newest, events))[:_EARLIER],
        matches=compared_matches(wanted.platform, account, matches, by_id, events),
        timeline=official_times(dossier, newest),
        alerts=tuple(alert_line(row, request.now) for row in store.alerts(_every_alert(wanted.key), PageOf()).rows),
        aftermaths=tuple(aftermath_line(each) for each in aftermaths),
        successors=tuple(
            SuccessorLine(aftermath=each.id, key=f"{each.platform}:{successor.subject.id}", successor=successor)
            for each in aftermaths
            for successor in each.possible_successors
        ),
        successor_of=tuple(aftermath_line(each) for each in successor_of),
        corrections=store.corrections_of(subject=wanted.key),
        officials_shown=0 if dossier is None else len(dossier.officials[: None if every else _OFFICIALS]),
        official=official,
        amplifications=amplification_lines(store, found.rows),
        next=found.next,
        previous=found.previous,
    )
    return PageAnswer(
        title=f"{who} · account",
        template="account.html",
        model=model,
        figures={} if dossier is None else _figures(dossier, model.timeline, alerts, who),
        rows=Rows(record=Amplification, rows=all_amplifications(store, wanted.key, official)),
    )


def _every_alert(key: str) -> AlertFilter:
    return AlertFilter(subject=key, statuses=("firing", "expired", "retracted"))


def _not_known(wanted: AccountKey, *, is_official: bool) -> NotFound:
    if is_official:
        return NotFound(
            f"No official is known to have engaged with {wanted.key}: it is an official itself.",
            remedy=f"Its page as an official is /officials/{wanted.key}.",
        )
    return NotFound(
        f"Nothing is known of {wanted.key}.",
        remedy=(
            "Whom no official ever engaged with has no record. Look for the handle as it is now under Accounts; an "
            "account keeps its id when its handle changes."
        ),
    )


def _account(
    wanted: AccountKey,
    dossier: Dossier | None,
    alerts: Iterable[StoredAlert],
    aftermaths: Iterable[Aftermath],
    successor_of: Iterable[Aftermath],
    amplifications: Iterable[Amplification],
) -> Account:
    if dossier is not None:
        return dossier.subject
    known = [
        *(each.alert.subject for each in alerts if each.alert is not None),
        *(each.subject for each in aftermaths),
        *(each.subject for each in amplifications),
        *(listed.subject for each in successor_of for listed in each.possible_successors),
    ]
    return next((each for each in known if each.id == wanted.id), Account(id=wanted.id))


def _earlier_handles(
    wanted: AccountKey, account: Account, amplifications: Iterable[Amplification], events: Iterable[EventRow]
) -> Iterator[EarlierHandle]:
    """Handles besides that of now, the newest first."""
    seen: dict[str, tuple[str, list[datetime]]] = {}
    mentioned = [(each.at, each.subject) for each in amplifications]
    mentioned += [(kept.event.at, kept.event.actor) for kept in events if kept.event is not None and kept.event.actor]
    for at, each in mentioned:
        if each is not None and each.id == wanted.id and each.handle:
            seen.setdefault(each.handle.casefold(), (each.handle, []))[1].append(at)
    seen.pop((account.handle or "").casefold(), None)
    found = [EarlierHandle(handle=handle, first_at=min(times), last_at=max(times)) for handle, times in seen.values()]
    yield from sorted(found, key=lambda each: (each.last_at, each.handle), reverse=True)


def _figures(
    dossier: Dossier, timeline: Sequence[OfficialTimes], alerts: Iterable[StoredAlert], who: str
) -> dict[str, str]:
    source = f"Antiphon, dossier of {dossier.platform}:{dossier.subject.id}, roster {dossier.roster_digest[:12]}."
    figures = {"score": score_figure(dossier.score, who, source)}
    if timeline:
        known = [each.alert for each in alerts if each.alert is not None]
        figures["strip"] = account_strip(dossier, timeline, known, who=who, source=source)
    return figures
