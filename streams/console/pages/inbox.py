"""The inbox: the alerts of a filter with their counts, the newest or the most severe first."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Final, get_args

import msgspec
from msgspec import Struct

from streams.console.pages.alert_lines import AlertLine, alert_line
from streams.console.pages.alert_states import ShownState
from streams.console.pages.kept_rules import rule_meanings
from streams.console.pages.page import PageAnswer, PageRequest, Rows
from streams.console.store.filters import AlertFilter, PageOf
from streams.console.store.paging import every_row
from streams.console.store.reading import Store
from streams.core.clock import to_us
from streams.core.rulebook.rules import SEVERITIES

__all__ = ["FacetValue", "InboxFacet", "InboxPage", "inbox_page"]

_SIZE: Final = 50
_STATES: Final[tuple[ShownState, ...]] = get_args(ShownState)
_FACETS: Final = ("state", "severity", "rule", "country", "platform", "mode")
_FILTERS: Final = (*_FACETS, "status", "q", "since", "until")
_MOST_VALUES: Final = 30  # of a facet: those with most alerts


class FacetValue(Struct, frozen=True, kw_only=True):
    """A value to filter by."""

    value: str
    """The value."""
    count: int
    """How many alerts there are with it, under the rest of the filter."""
    chosen: bool
    """Whether the list is filtered by it."""
    query: dict[str, str]
    """The parameters of the list with it, or without it where it is chosen."""


class InboxFacet(Struct, frozen=True, kw_only=True):
    """What the list can be filtered by."""

    name: str
    """The name of the parameter."""
    values: tuple[FacetValue, ...]
    """Its values, those with most alerts first."""


class InboxPage(Struct, frozen=True, kw_only=True):
    """Alerts of a filter."""

    alerts: tuple[AlertLine, ...]
    """Those of this page."""
    total: int
    """How many the filter has."""
    firing: int
    """How many of all alerts fire now."""
    ended: int
    """How many of all alerts stand, and have ended."""
    meanings: dict[str, str]
    """What the rules of these alerts look for, by the digest of the rule, as far as their files are kept."""
    facets: tuple[InboxFacet, ...]
    """What there is to filter by."""
    filters: dict[str, str]
    """The filter: its parameters."""
    sort: str
    """What comes first: `fired`, the newest, or `severity`, the most severe."""
    query: dict[str, str]
    """The parameters of this list, without its page."""
    next: str | None
    """The cursor of the next page."""
    previous: str | None
    """The cursor of the previous page."""
    cut: bool
    """Whether only the first thousands with the text were looked at."""
    newest: int
    """The number of the alert that came last: what the live notice counts from."""
    read_words: str
    """How fresh the list is."""
    empty_words: str
    """Why there is nothing in it; empty where there is something."""


def inbox_page(store: Store, request: PageRequest) -> PageAnswer:
    """`/` and `/alerts`, with filters: `state`, `severity`, `rule`, `status`, `country`, `platform`, `mode`, `q`,
    `since`, `until`, `sort`, and a page: `after` or `before`.
    """
    request.only(*_FILTERS, "sort", "after", "before")
    wanted = _filter(request)
    page = PageOf(size=_SIZE, after=request.text("after") or "", before=request.text("before") or "")
    found = store.alerts(wanted, page)
    facets = store.facets(wanted)
    filters = {name: value for name in _FILTERS if (value := request.text(name))}
    query = filters | ({"sort": wanted.sort} if wanted.sort != "fired" else {})
    counts: dict[str, Mapping[str, int]] = {
        "state": {state: facets.states[state] for state in _STATES if facets.states.get(state)},
        "severity": {each: facets.severities[each] for each in reversed(SEVERITIES) if each in facets.severities},
        "rule": facets.rules,
        "country": facets.countries,
        "platform": facets.platforms,
        "mode": facets.modes,
    }
    status = store.status()
    digests = sorted({row.rule_digest for row in found.rows})
    meanings = rule_meanings(store, digests)
    held = status.counts.get("alerts", 0)
    return PageAnswer(
        title="Alerts",
        template="inbox.html",
        model=InboxPage(
            alerts=tuple(alert_line(row, request.now) for row in found.rows),
            total=facets.total,
            firing=facets.all_states.get("firing", 0),
            ended=facets.all_states.get("expired", 0),
            meanings={digest: meanings[digest] for digest in digests if digest in meanings},
            facets=tuple(_facet(name, counts[name], filters, query) for name in _FACETS),
            filters=filters,
            sort=wanted.sort,
            query=query,
            next=found.next,
            previous=found.previous,
            cut=found.cut,
            newest=store.newest_alert(),
            read_words=_read_words(status.event_time, status.checked_at, held),
            empty_words="" if found.rows else _empty_words(held, filters),
        ),
        rows=Rows(
            record=AlertLine, rows=(alert_line(row, request.now) for row in every_row(partial(store.alerts, wanted)))
        ),
    )


def _filter(request: PageRequest) -> AlertFilter:
    since, until = request.moment("since"), request.moment("until")
    state = request.choice("state", _STATES)
    status = request.choice("status", ("firing", "expired", "retracted"))
    return AlertFilter(
        rules=_one(request.text("rule")),
        severities=_one(request.choice("severity", SEVERITIES)),
        modes=_one(request.choice("mode", ("live", "shadow"))),
        statuses=_one(status),
        states=() if state is None else (msgspec.convert(state, ShownState),),
        now_us=to_us(request.now),
        countries=_one(request.text("country", most=2)),
        platforms=_one(request.text("platform", most=32)),
        since_us=None if since is None else to_us(since),
        until_us=None if until is None else to_us(until),
        text=request.text("q", most=200) or "",
        sort="severity" if request.choice("sort", ("fired", "severity")) == "severity" else "fired",
    )


def _one(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def _facet(name: str, counts: Mapping[str, int], filters: Mapping[str, str], query: Mapping[str, str]) -> InboxFacet:
    chosen = filters.get(name)
    others = {key: value for key, value in query.items() if key != name}
    listed = dict(list(counts.items())[:_MOST_VALUES])
    if chosen is not None:
        listed.setdefault(chosen, counts.get(chosen, 0))
    values = tuple(
        FacetValue(
            value=value,
            count=count,
            chosen=value == chosen,
            query=others if value == chosen else others | {name: value},
        )
        for value, count in listed.items()
    )
    return InboxFacet(name=name, values=values)


def _read_words(event_time: datetime | None, checked_at: datetime | None, held: int) -> str:
    if not held:
        return ""
    words = "" if event_time is None else f"Newest event: {event_time:%Y-%m-%d %H:%M} UTC."
    return words + ("" if checked_at is None else f" Looked for more at {checked_at:%Y-%m-%d %H:%M:%S} UTC.")


def _empty_words(held: int, filters: Mapping[str, str]) -> str:
    if not held:
        return "No alert was raised so far, as far as has been read. The status page says how far that is."
    if filters:
        return "No alert has all of this. Take a part of the filter away: each chosen word is a link that does so."
    return "No alert stands: all that were raised have been taken back."
