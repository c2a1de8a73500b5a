"""What is said of an official wherever one appears: in amplifications, dossiers and evidence."""

from typing import Final, Literal, TypeAlias, get_args

from msgspec import Struct

__all__ = ["CATEGORIES", "Category", "Official"]

Category: TypeAlias = Literal["leader", "diplomat", "government", "parliament", "state_media"]
CATEGORIES: Final[tuple[str, ...]] = get_args(Category)


class Official(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An account that was on the roster at the event's time. `country` is an ISO 3166-1 alpha-2 code."""

    id: str
    handle: str | None
    country: str
    category: Category
    name: str | None = None
