"""What a store is asked: filters, and which page of a list. A filter that is empty leaves everything in."""

from typing import Literal, TypeAlias

from msgspec import Struct

__all__ = [
    "MOST_ROWS",
    "AftermathFilter",
    "AlertFilter",
    "AlertSort",
    "AlertStateName",
    "PageOf",
    "SubjectFilter",
    "SubjectSort",
]

MOST_ROWS = 1_000
"""Of one page."""

AlertSort: TypeAlias = Literal["fired", "severity"]
AlertStateName: TypeAlias = Literal["firing", "expired", "retracted", "superseded"]
SubjectSort: TypeAlias = Literal["score", "last", "amplifications"]


class PageOf(Struct, frozen=True, kw_only=True):
    """`size` rows (1 to `MOST_ROWS`) behind the row of the cursor `after`, or before that of `before`; else the first.

    Cursors are `next` and `previous` of what was found. The deepest page costs what the first does.
    """

    size: int = 50
    after: str = ""
    before: str = ""


class AlertFilter(Struct, frozen=True, kw_only=True):
    """Which alerts. Several values of one field are alternatives, fields are met together.

    `statuses` are what records say, `states` what alerts are at `now_us`: one that nobody closed expires with time, and
    one that was retracted may be superseded by another. Without either retracted alerts are left out. `countries` are
    States any of which is concerned, `subject` is `platform:id`, `since_us` and `until_us` bound when the alert fired:
    [since, until). `text` is looked for in handle, name and id of the account and in the sentence, folded.
    """

    rules: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    states: tuple[AlertStateName, ...] = ()
    now_us: int = 0
    countries: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    subject: str = ""
    since_us: int | None = None
    until_us: int | None = None
    text: str = ""
    sort: AlertSort = "fired"


class SubjectFilter(Struct, frozen=True, kw_only=True):
    """Which subjects. `text` is looked for in handle, name and id, folded. `sort`: the highest score, the newest last
    amplification or the most amplifications first. `suspended` and `official`: only such, or only others.
    """

    text: str = ""
    countries: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    least_score: float | None = None
    suspended: bool | None = None
    official: bool | None = None
    sort: SubjectSort = "score"


class AftermathFilter(Struct, frozen=True, kw_only=True):
    """Which aftermaths, the one that opened last first. Without `statuses` void ones are left out. `subject` is
    `platform:id`.
    """

    countries: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    subject: str = ""
