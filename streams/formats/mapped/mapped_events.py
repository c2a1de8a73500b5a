"""The event that a row is by its mapping."""

from datetime import datetime, timedelta
from typing import Final, cast

from streams.core.platforms import ALIASES, PLATFORM_NAME
from streams.deadletters import Reason
from streams.events import (
    Account,
    AccountEventKind,
    Deletion,
    Event,
    Follow,
    Post,
    Profile,
    Retweet,
    Suspension,
    SuspensionStatus,
)
from streams.formats.mapped.mapped_accounts import (
    ACTOR,
    MAX_ITEMS,
    MAX_NAME,
    SUBJECT,
    RowAccounts,
    bounded_text,
    id_of_handle,
)
from streams.formats.mapped.mapped_rows import Row, text_of
from streams.formats.mapped.mapping import SKIP, Mapping, Word
from streams.formats.reader import Skipped
from streams.formats.twitter.twitter_v1_fields import handle_passed_on
from streams.refusal import Refused

__all__ = ["OTHER_KIND", "RowEvents"]

OTHER_KIND: Final = Skipped("other_kind")
_OTHER_STATUS: Final = Skipped("other_status")

_NOON: Final = timedelta(hours=12)  # of a day, as in lists of suspensions
_MAX_TEXT: Final = 100_000  # characters, as in a canonical event
_MAX_ID: Final = 256
_MAX_LINK: Final = 8_192


class RowEvents:
    """Makes events of rows of a table (`is_table`) or of JSON objects. `exact_numbers`: the whole file shows that its
    numbers are not rounded.
    """

    def __init__(self, mapping: Mapping, *, is_table: bool, exact_numbers: bool = False) -> None:
        self._mapping = mapping
        self._accounts = RowAccounts(mapping, is_table=is_table, exact_numbers=exact_numbers)
        self._has_mentions = not mapping.fields.keys().isdisjoint(("mentions.id", "mentions.handle"))
        self._read_time = mapping.times["at"].read

    def of(self, row: Row) -> Event | Skipped:
        """The event of a row, or a row that the mapping skips. Raises `Refused`."""
        mapping = self._mapping
        kind = _word("kind", mapping.kind, row)
        if kind == SKIP:
            return OTHER_KIND
        platform = mapping.platform.constant or _platform(mapping.platform, row)
        at, is_day = self._at(row, is_suspension=kind == "suspension")
        observed_at = self._accounts.known_time(row, "observed_at") if "observed_at" in row else None
        match cast("AccountEventKind", kind):
            case "post":
                return self._post(row, platform, at, observed_at)
            case "retweet":
                return self._retweet(row, platform, at, observed_at)
            case "suspension":
                return self._suspension(row, platform, at, observed_at, is_day=is_day)
            case "deletion":
                post_id = self._accounts.id(row, "post_id")
                actor = self._accounts.known(row, ACTOR, platform)
                event_id = self._accounts.known_id(row, "id") or f"deletion:{post_id}"[:_MAX_ID]
                return Deletion(
                    platform=platform, id=event_id, at=at, observed_at=observed_at, post_id=post_id, actor=actor
                )
            case "follow":
                actor, subject = (
                    self._accounts.required(row, ACTOR, platform),
                    self._accounts.required(row, SUBJECT, platform),
                )
                event_id = (
                    self._accounts.known_id(row, "id")
                    or f"follow:{actor.id}:{subject.id}:{int(at.timestamp())}"[:_MAX_ID]
                )
                return Follow(
                    platform=platform, id=event_id, at=at, observed_at=observed_at, actor=actor, subject=subject
                )
            case "profile":
                actor = self._accounts.required(row, ACTOR, platform)
                event_id = self._accounts.known_id(row, "id") or f"profile:{actor.id}:{int(at.timestamp())}"[:_MAX_ID]
                return Profile(platform=platform, id=event_id, at=at, observed_at=observed_at, actor=actor)

    def _post(self, row: Row, platform: str, at: datetime, observed_at: datetime | None) -> Post:
        return Post(
            platform=platform,
            id=self._accounts.id(row, "id"),
            at=at,
            observed_at=observed_at,
            actor=self._accounts.required(row, ACTOR, platform),
            text=bounded_text(row.get("text"), _MAX_TEXT) or "",
            lang=bounded_text(row.get("lang"), MAX_NAME),
            links=self._links(row) if "links" in row else (),
            mentions=self._mentions(row, platform) if self._has_mentions else (),
            reply_to=self._accounts.post_ref(row, "reply_to", platform) if "reply_to.post_id" in row else None,
            quotes=self._accounts.post_ref(row, "quotes", platform) if "quotes.post_id" in row else None,
        )

    def _retweet(self, row: Row, platform: str, at: datetime, observed_at: datetime | None) -> Retweet:
        text = bounded_text(row.get("text"), _MAX_TEXT)
        subject = self._accounts.known(row, SUBJECT, platform)
        if subject is None and self._mapping.handles_as_ids and (handle := handle_passed_on(text)):
            subject = Account(id=id_of_handle(handle), handle=handle[:MAX_NAME])
        if subject is None:
            said = text_of(row.get("subject.handle"))
            remedy = "; its handle alone is taken for an id with handles_as_ids = true" if said else ""
            raise Refused(Reason.NO_SUBJECT, f"{self._accounts.place('subject.id')}: no account is named{remedy}")
        return Retweet(
            platform=platform,
            id=self._accounts.id(row, "id"),
            at=at,
            observed_at=observed_at,
            actor=self._accounts.required(row, ACTOR, platform),
            subject=subject,
            post_id=self._accounts.known_id(row, "post_id"),
            text=text,
        )

    def _suspension(
        self, row: Row, platform: str, at: datetime, observed_at: datetime | None, *, is_day: bool
    ) -> Suspension | Skipped:
        status = _word("status", self._mapping.status, row)
        if status == SKIP:
            return _OTHER_STATUS
        actor = self._accounts.required(row, ACTOR, platform)
        words = f"{at:%Y-%m-%d}" if is_day else at.isoformat()
        return Suspension(
            platform=platform,
            # As in a list of suspensions: the same observation is one.
            id=self._accounts.known_id(row, "id") or f"{status}:{actor.id}:{words}"[:_MAX_ID],
            at=at + _NOON if is_day else at,
            observed_at=observed_at,
            actor=actor,
            status=cast("SuspensionStatus", status),
            reason=bounded_text(row.get("reason"), _MAX_TEXT),
            precision="day" if is_day else self._mapping.precision,
        )

    def _at(self, row: Row, *, is_suspension: bool) -> tuple[datetime, bool]:
        text = text_of(row.get("at"))
        if not text:
            raise Refused(Reason.BAD_TIME, f"{self._accounts.place('at')}: no time")
        try:
            at, is_day = self._read_time(text)
        except ValueError as error:
            raise Refused(Reason.BAD_TIME, f"{self._accounts.place('at')}: {text[:40]!r} {error}") from None
        if is_day and not is_suspension:
            raise Refused(Reason.BAD_TIME, f"{self._accounts.place('at')}: {text[:40]!r} has no time of day")
        return at, is_day

    def _items(self, row: Row, name: str) -> list[str]:
        value = row.get(name)
        if value is None:
            return []
        if isinstance(value, list):
            return [text for each in value[:MAX_ITEMS] if (text := text_of(each).strip())]
        separator = self._mapping.fields[name].separator
        return [text for each in text_of(value).split(separator) if (text := each.strip())]

    def _links(self, row: Row) -> tuple[str, ...]:
        """Addresses, each once. A comma within one is part of it, where commas stand between them."""
        links: list[str] = []
        for item in self._items(row, "links"):
            if item.startswith(("http://", "https://")):
                links.append(item)
            elif links and self._mapping.fields["links"].separator == ",":
                links[-1] += f",{item}"
        return tuple([link for link in dict.fromkeys(links) if len(link) <= _MAX_LINK][:MAX_ITEMS])

    def _mentions(self, row: Row, platform: str) -> tuple[Account, ...]:
        ids, handles = self._items(row, "mentions.id"), self._items(row, "mentions.handle")
        return self._accounts.mentioned(ids, handles, platform) if ids or handles else ()


def _word(name: str, word: Word, row: Row) -> str:
    """Our word for what the row says. Raises `Refused` for what the mapping has no word for."""
    if word.constant is not None:
        return word.constant
    text = text_of(row.get(name))
    found = word.values.get(text) or (word.values.get("*") if text else None)
    if found is None:
        place = f"{name} ({', '.join(word.columns)})"
        raise Refused(Reason.UNKNOWN_SHAPE, f"{place}: {text[:40]!r} is not among the values of the mapping")
    return found


def _platform(word: Word, row: Row) -> str:
    if word.values:
        return _word("platform", word, row)
    text = text_of(row.get("platform")).lower()
    platform = ALIASES.get(text, text)
    if not PLATFORM_NAME.fullmatch(platform):
        raise Refused(Reason.NOT_AN_EVENT, f"platform ({', '.join(word.columns)}): {text[:40]!r} is no platform")
    return platform
