"""The page of one kept event: its bytes as they were received, their hash, where they stood, and what they say."""

from datetime import datetime
from typing import Final

from msgspec import Struct

from streams.console.pages.alert_events import place_words, raw_text
from streams.console.pages.page import BadRequest, NotFound, PageAnswer, PageRequest
from streams.console.store.reading import Store
from streams.console.store.results import EventRow
from streams.core.evidence_retention import accounts_of, named_accounts
from streams.core.platforms import post_link
from streams.core.screening.account_index import AccountIndex
from streams.core.subject_event import Coordinates
from streams.events import AccountEvent, Deletion, Follow, Post, Profile, Retweet, Suspension
from streams.printable import quoted
from streams.proofs.recount import counts_as

__all__ = ["AlertOfEvent", "EventPage", "NamedAccount", "event_page"]

_DIGEST: Final = 64
_MOST_ACCOUNTS: Final = 50
_MOST_ALERTS: Final = 50
_A_LINE: Final = 32  # bytes of a line of hexadecimal digits


class NamedAccount(Struct, frozen=True, kw_only=True):
    """An account that the event names."""

    key: str
    """`platform:id`."""
    handle: str | None
    """Its handle without @, as the event has it."""
    counts_as: tuple[str, ...]
    """As what the event counts for it, by the roster in force: kinds, and by whom; empty where it does not."""


class AlertOfEvent(Struct, frozen=True, kw_only=True):
    """An alert whose record names the event."""

    id: str
    """The id of the alert."""
    rule: str
    """Its rule."""
    sentence: str
    """What it says."""


class EventPage(Struct, frozen=True, kw_only=True):
    """One kept event. Of its bytes either `text` or `hexadecimal` is there, and neither where they are withheld."""

    sha256: str
    """SHA-256 of the bytes as they were received, in hex."""
    platform: str
    """The platform."""
    kind: str
    """What kind of event it is."""
    id: str
    """Its id on the platform."""
    at: datetime | None
    """When it happened; null where the bytes do not say it any more."""
    bytes: int | None
    """How many bytes there are; null where they are not kept."""
    text: str | None
    """The bytes as text, where they are UTF-8: encoded as that they are the bytes again."""
    hexadecimal: str | None
    """The bytes in hexadecimal digits, where they are no UTF-8."""
    place: str
    """Where the raw event stood: topic, partition and offset, or file and line."""
    received_at: datetime | None
    """When it came to the raw topic."""
    observed_at: datetime | None
    """When a collector saw it."""
    withheld: str
    """Why nobody may keep the bytes."""
    is_read: bool
    """Whether this version of Antiphon can read the bytes."""
    sentence: str
    """What happened, in a sentence."""
    link: str | None
    """Where people see the post; nothing says that it is still there."""
    post_text: str
    """The text of the post."""
    lang: str | None
    """Its language, as the platform tells it."""
    accounts: tuple[NamedAccount, ...]
    """Accounts that it names."""
    accounts_total: int
    """How many it names."""
    alerts: tuple[AlertOfEvent, ...]
    """Alerts whose records name it."""
    roster_digest: str | None
    """Digest of the roster in force, by which `counts_as` goes; null where none is kept here."""


def event_page(store: Store, request: PageRequest) -> PageAnswer:
    """`/events/SHA256`."""
    request.only()
    digest = request.path["sha256"]
    if len(digest) != _DIGEST or not set(digest) <= set("0123456789abcdef"):
        raise BadRequest(
            f"{quoted(digest, 80)} is no SHA-256.", remedy=f"It has {_DIGEST} hex digits, in small letters."
        )
    kept = store.event_of_digest(digest)
    if kept is None:
        raise NotFound(
            f"No event with the SHA-256 {digest[:16]}… is kept here.",
            remedy="It may never have been evidence, or has served its time. The records that name it still stand.",
        )
    return PageAnswer(title=f"{kept.key.event_kind} {kept.key.id}", template="event.html", model=_page(store, kept))


def _page(store: Store, kept: EventRow) -> EventPage:
    event = kept.event
    text = None if kept.value is None else raw_text(kept.value)
    published = store.roster_in_force()
    roster = None if published is None else published.roster
    known = None if roster is None else AccountIndex(roster)
    accounts = [] if event is None else sorted(accounts_of(event))
    return EventPage(
        sha256=kept.sha256,
        platform=kept.key.platform,
        kind=kept.key.event_kind,
        id=kept.key.id,
        at=None if event is None else event.at,
        bytes=None if kept.value is None else len(kept.value),
        text=text,
        hexadecimal=None if kept.value is None or text is not None else _hexadecimal(kept.value),
        place=place_words(kept.source),
        received_at=kept.received_at,
        observed_at=kept.observed_at,
        withheld=kept.withheld,
        is_read=event is not None,
        sentence="" if event is None else _sentence(event),
        link=None if event is None else _link(event),
        post_text=(event.text or "") if isinstance(event, Post | Retweet) else "",
        lang=event.lang if isinstance(event, Post) else None,
        accounts=tuple(
            NamedAccount(
                key=key,
                handle=None if event is None else _handle(event, key),
                counts_as=() if known is None or event is None else _counts_as(event, kept, known, key),
            )
            for key in accounts[:_MOST_ACCOUNTS]
        ),
        accounts_total=len(accounts),
        alerts=_alerts(store, kept, accounts),
        roster_digest=None if published is None else published.digest,
    )


def _counts_as(event: AccountEvent, kept: EventRow, known: AccountIndex, key: str) -> tuple[str, ...]:
    source = kept.source or Coordinates(kept.key.event_kind, 0, 0)
    return tuple(
        each
        for each in counts_as(event, source, known, event.platform, key.partition(":")[2], ())
        if not each.endswith(", author unknown")
    )


def _alerts(store: Store, kept: EventRow, accounts: list[str]) -> tuple[AlertOfEvent, ...]:
    found: dict[str, AlertOfEvent] = {}
    for key in accounts[:_MOST_ACCOUNTS]:
        for stored in store.alerts_of(key):
            alert = stored.alert
            if alert is not None and any(
                each.event_id == kept.key.id and (kept.source is None or each.source == kept.source)
                for each in alert.evidence
            ):
                found[alert.id] = AlertOfEvent(id=alert.id, rule=alert.rule, sentence=alert.summary)
    return tuple(found.values())[:_MOST_ALERTS]


def _sentence(event: AccountEvent) -> str:
    actor = _name(event)
    match event:
        case Retweet():
            return f"{actor} passed on a post of {_shown(event.subject.handle, event.subject.id)}."
        case Post() if event.quotes is not None:
            return f"{actor} quoted a post."
        case Post() if event.reply_to is not None:
            return f"{actor} answered a post."
        case Post():
            return f"{actor} wrote a post."
        case Suspension():
            return f"{actor} was noted as {event.status}."
        case Deletion():
            return f"The post {event.post_id} of {actor} is gone."
        case Follow():
            follows = "follows" if event.active else "follows no longer"
            return f"{actor} {follows} {_shown(event.subject.handle, event.subject.id)}."
        case Profile():
            return f"The profile of {actor}, as it was then."


def _name(event: AccountEvent) -> str:
    return "an account that is not named" if event.actor is None else _shown(event.actor.handle, event.actor.id)


def _shown(handle: str | None, account_id: str) -> str:
    return f"@{handle}" if handle else account_id


def _handle(event: AccountEvent, key: str) -> str | None:
    named = named_accounts(event)
    return next((each.handle for each in named if each.handle and f"{event.platform}:{each.id}" == key), None)


def _link(event: AccountEvent) -> str | None:
    if not isinstance(event, Post | Retweet):
        return None
    link = post_link(event.platform, event.actor.id, event.actor.handle, event.id)
    if link is None and isinstance(event, Retweet) and event.post_id is not None:
        return post_link(event.platform, event.subject.id, event.subject.handle, event.post_id)
    return link


def _hexadecimal(value: bytes) -> str:
    lines = (value[begin : begin + _A_LINE].hex(" ") for begin in range(0, len(value), _A_LINE))
    return "\n".join(lines)
