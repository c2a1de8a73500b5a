"""A mapping: which column or path of a foreign table is which field of ours. What a mapping file says once it is read.

Knows neither files nor rows.
"""

from collections.abc import Mapping as AnyMapping
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from streams.events import AccountEventKind, Precision
from streams.formats.mapped.mapped_times import TimeFormat

__all__ = ["FIELDS", "NEEDED", "SKIP", "FieldSource", "FieldType", "Mapping", "Word"]

SKIP: Final = "skip"
"""What a mapping gives for a row that is to be skipped by name."""

FieldType: TypeAlias = Literal["id", "time", "text", "count", "flag", "list"]

_ACCOUNT: Final[dict[str, FieldType]] = {
    "id": "id",
    "handle": "text",
    "name": "text",
    "created_at": "time",
    "followers": "count",
    "verified": "flag",
}
_POST_REF: Final[dict[str, FieldType]] = {"post_id": "id", "account.id": "id", "handle": "text"}
FIELDS: Final[dict[str, FieldType]] = {
    "id": "id",
    "at": "time",
    "observed_at": "time",
    **{f"actor.{name}": type_ for name, type_ in _ACCOUNT.items()},
    **{f"subject.{name}": type_ for name, type_ in _ACCOUNT.items()},
    "post_id": "id",
    "text": "text",
    "lang": "text",
    "links": "list",
    "mentions.id": "list",
    "mentions.handle": "list",
    **{f"reply_to.{name}": type_ for name, type_ in _POST_REF.items()},
    **{f"quotes.{name}": type_ for name, type_ in _POST_REF.items()},
    "reason": "text",
}
"""The fields of canonical events that a mapping can fill, by their names in the schemas."""

NEEDED: Final[dict[AccountEventKind, tuple[str, ...]]] = {
    "post": ("id", "at", "actor.id"),
    "retweet": ("id", "at", "actor.id"),  # and a subject, which may stand in the text alone
    "suspension": ("at", "actor.id"),
    "deletion": ("at", "post_id"),
    "follow": ("at", "actor.id", "subject.id"),
    "profile": ("at", "actor.id"),
}
"""What each kind of event cannot do without. A handle stands in for the id of an account with `handles_as_ids`."""


class FieldSource(Struct, frozen=True, kw_only=True):
    """Where a field comes from: of several columns or paths the first that is not empty."""

    columns: tuple[str, ...]
    time: TimeFormat | None = None
    separator: str = ","


class Word(Struct, frozen=True, kw_only=True):
    """A word of ours: the same for all rows, or by what a column says. `values` has `*` for any other text."""

    constant: str | None = None
    columns: tuple[str, ...] = ()
    values: AnyMapping[str, str] = {}


class Mapping(Struct, frozen=True, kw_only=True):
    """One mapping file. `precision` is that of suspensions whose time is no day."""

    platform: Word
    kind: Word
    status: Word
    precision: Precision | None
    handles_as_ids: bool
    fields: AnyMapping[str, FieldSource]

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of events that rows can become."""
        named = {self.kind.constant} if self.kind.constant is not None else set(self.kind.values.values())
        return frozenset(named - {SKIP})

    @property
    def times(self) -> dict[str, TimeFormat]:
        """The forms of the fields that are times."""
        return {name: source.time for name, source in self.fields.items() if source.time is not None}

    def stand_in(self, name: str) -> str:
        """The field that an event needs, or the handle that may stand in for it."""
        return f"{name.removesuffix('id')}handle" if self.handles_as_ids and name.endswith(".id") else name
