"""The ids and accounts that a row names by its mapping."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, TypeAlias

from msgspec import Struct

from streams.core.platforms import written_handle
from streams.core.rounded_ids import may_be_rounded
from streams.deadletters import Reason
from streams.events import Account, PostRef
from streams.formats.fields.written_ids import required_account_id, whole_id
from streams.formats.mapped.mapped_rows import Row, text_of
from streams.formats.mapped.mapping import Mapping
from streams.refusal import Refused

__all__ = ["ACTOR", "MAX_ITEMS", "MAX_NAME", "SUBJECT", "RowAccounts", "bounded_text", "id_of_handle"]

MAX_NAME: Final = 1_024  # characters, as in a canonical event
MAX_ITEMS: Final = 100  # links and mentions of a post
_MAX_ID: Final = 256
_MAX_COUNT_DIGITS: Final = 18
_MAX_SAFE: Final = 2**53
_TRUTHS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_REMEMBERED: Final = 4_096

_Key: TypeAlias = tuple[str | None, ...]


class _Group(Struct, frozen=True):
    """The fields of one account."""

    id: str
    handle: str
    name: str
    created_at: str
    followers: str
    verified: str


def _group(name: str) -> _Group:
    return _Group(*(f"{name}.{field}" for field in _Group.__struct_fields__))


ACTOR: Final = _group("actor")
SUBJECT: Final = _group("subject")


def bounded_text(value: Any, most: int) -> str | None:
    """A text; `None` for none, and for one that is too long for an event."""
    text = value if isinstance(value, str) else text_of(value)
    return text if 0 < len(text) <= most else None


def id_of_handle(handle: str) -> str:
    """What stands for the id of an account that is known by its handle alone. No id of a platform begins so."""
    return f"@{handle.lower()}"[:_MAX_ID]


class RowAccounts:
    """Reads the ids and accounts of rows of a table (`is_table`) or of JSON objects. `exact_numbers`: the whole file
    shows that its numbers are not rounded.
    """

    def __init__(self, mapping: Mapping, *, is_table: bool, exact_numbers: bool) -> None:
        self._is_table = is_table
        self._exact_numbers = exact_numbers
        self._handles_as_ids = mapping.handles_as_ids
        # What is named in a refusal: the field, and the columns that it comes from.
        self._places = {name: f"{name} ({', '.join(source.columns)})" for name, source in mapping.fields.items()}
        self._times = mapping.times
        # The same texts are the same account, and most rows are of few accounts.
        self._remembered: dict[_Key, Account | None] = {}

    def place(self, name: str) -> str:
        """A field and its columns, as a refusal names them."""
        return self._places.get(name, name)

    def id(self, row: Row, name: str) -> str:
        """An id that an event needs. Raises `Refused`."""
        value = row.get(name)
        if isinstance(value, str) and value.isdigit() and len(value) <= _MAX_ID:  # nearly all of them
            return value
        return whole_id(self._id_text(row, name), self.place(name))

    def known_id(self, row: Row, name: str) -> str | None:
        """An id; `None` where the row has none. Raises `Refused` for what is left of one."""
        return self.id(row, name) if name in row else None

    def required(self, row: Row, group: _Group, platform: str) -> Account:
        """The account of a group of fields, which an event needs. Raises `Refused`."""
        account = self.known(row, group, platform)
        if account is None:
            raise Refused(Reason.NOT_AN_EVENT, f"{self.place(group.id)}: no id")
        return account

    def known(self, row: Row, group: _Group, platform: str) -> Account | None:
        """The account of a group of fields; `None` where none is named. Raises `Refused` for an id that is none."""
        known = self._named(row, group, platform)
        if known is None or (group.followers not in row and group.verified not in row):
            return known
        return Account(
            id=known.id,
            handle=known.handle,
            name=known.name,
            created_at=known.created_at,
            created_at_source=known.created_at_source,
            followers=_count(row.get(group.followers)),
            verified=_TRUTHS.get(text_of(row.get(group.verified)).lower()),
        )

    def post_ref(self, row: Row, group: str, platform: str) -> PostRef:
        """The post that a group of fields names, and whose it is as far as the row says it. Raises `Refused`."""
        post_id = self.id(row, f"{group}.post_id")
        handle = _handle(row.get(f"{group}.handle"), platform)
        account_id = self._account_id(row, f"{group}.account.id", platform)
        if account_id is None and handle is not None and self._handles_as_ids:
            account_id = id_of_handle(handle)
        if account_id is None:
            return PostRef(post_id=post_id, handle=handle)
        return PostRef(post_id=post_id, account=Account(id=account_id, handle=handle))

    def mentioned(self, ids: list[str], handles: list[str], platform: str) -> tuple[Account, ...]:
        """Mentioned accounts, each once; those that cannot be named are left out."""
        if len(ids) == len(handles):
            named = list(zip(ids, handles, strict=True))
        elif ids:
            named = [(each, "") for each in ids]
        else:
            named = [("", handle) for handle in handles if self._handles_as_ids]
        accounts: dict[str, Account] = {}
        for account_id, handle in named[:MAX_ITEMS]:
            account = self._remember((platform, account_id, handle), self._mention)
            if account is not None:
                accounts.setdefault(account.id, account)
        return tuple(accounts.values())

    def _mention(self, platform: str, account_id: str, handle: str) -> Account | None:
        known = written_handle(handle, platform)[:MAX_NAME] or None
        if not account_id:
            return None if known is None else Account(id=id_of_handle(known), handle=known)
        with suppress(Refused):
            return Account(id=required_account_id(account_id, platform, "mentions.id"), handle=known)
        return None

    def _named(self, row: Row, group: _Group, platform: str) -> Account | None:
        """The account without what changes from row to row."""
        if not self._is_table:
            return self._account(row, group, platform)
        get = row.get
        key = (platform, group.id, get(group.id), get(group.handle), get(group.name), get(group.created_at))
        return self._remember(key, lambda *_: self._account(row, group, platform))

    def _remember(self, key: _Key, make: Callable[..., Account | None]) -> Account | None:
        """What `make` makes of the texts of a key, each time or once."""
        if key in self._remembered:
            return self._remembered[key]
        if len(self._remembered) == _REMEMBERED:
            self._remembered.clear()
        account = self._remembered[key] = make(*key)
        return account

    def _account(self, row: Row, group: _Group, platform: str) -> Account | None:
        handle = _handle(row.get(group.handle), platform)
        account_id = self._account_id(row, group.id, platform)
        if account_id is None:
            if handle is None or not self._handles_as_ids:
                return None
            account_id = id_of_handle(handle)
        created_at = self.known_time(row, group.created_at)
        return Account(
            id=account_id,
            handle=handle,
            name=bounded_text(row.get(group.name), MAX_NAME),
            created_at=created_at,
            created_at_source=None if created_at is None else "reported",
        )

    def known_time(self, row: Row, name: str) -> datetime | None:
        """A time that an event can do without; an unreadable one is unknown."""
        time = self._times.get(name)
        if time is None or name not in row:
            return None
        try:
            return time.read(text_of(row[name]))[0]
        except ValueError:
            return None

    def _account_id(self, row: Row, name: str, platform: str) -> str | None:
        text = self._id_text(row, name)
        return required_account_id(text, platform, self.place(name)) if text else None

    def _id_text(self, row: Row, name: str) -> str:
        """An id as a text; empty for none. Raises `Refused` for a number that may have been rounded."""
        value = row.get(name)
        if isinstance(value, str):
            return value
        if isinstance(value, float) and value.is_integer() and 0 <= value <= _MAX_SAFE:
            return str(int(value))
        text = text_of(value)
        is_whole = isinstance(value, int) and (self._exact_numbers or not text or not may_be_rounded(value))
        if isinstance(value, int | float) and not is_whole:
            raise Refused(Reason.NOT_AN_EVENT, f"{self.place(name)}: {value} may have been rounded: export ids as text")
        return text


def _handle(value: Any, platform: str) -> str | None:
    text = bounded_text(value, MAX_NAME)
    return None if text is None else written_handle(text, platform) or None


def _count(value: Any) -> int | None:
    text = text_of(value).removesuffix(".0")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_COUNT_DIGITS else None
