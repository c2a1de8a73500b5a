"""What is said of an official wherever one appears: in amplifications, dossiers and evidence."""

from typing import Final, Literal, TypeAlias, get_args

from msgspec import Struct

__all__ = ["CATEGORIES", "Category", "Official"]

Category: TypeAlias = Literal["leader", "diplomat", "government", "parliament", "state_media"]
CATEGORIES: Final[tuple[str, ...]] = get_args(Category)


class Official(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An account that was on the roster at the event's time. `country` is an ISO 3166-1 alpha-2 code."""

    id: str
    """The platform's id of the official's account."""
    handle: str | None
    """Its handle at that time, without @."""
    country: str
    """The State: an ISO 3166-1 alpha-2 code, EU or UN."""
    category: Category
    """What kind of official the account is."""
    name: str | None = None
    """A name for people, from the roster."""
