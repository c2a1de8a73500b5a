"""What a dossier is made of: its lists, its sums and its score. Public contract, as the dossier itself."""

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from streams.core.officials import Category
from streams.events import Utc

__all__ = [
    "Contribution",
    "Count",
    "FirstOfficial",
    "Follower",
    "Links",
    "OfficialFigures",
    "Score",
    "TextMatch",
    "TextMatches",
    "Totals",
    "WindowFigures",
]

Count: TypeAlias = Annotated[int, Meta(ge=0)]


class Totals(Struct, frozen=True, kw_only=True):
    """Engagement by officials since the account's creation, by kind. `follow` counts officials that follow it now."""

    retweet: Count
    """Retweets by officials."""
    quote: Count
    """Quotes by officials."""
    reply: Count
    """Answers by officials."""
    mention: Count
    """Mentions by officials."""
    follow: Count
    """Officials that follow it now."""


class OfficialFigures(Struct, frozen=True, kw_only=True):
    """One amplifying official's part. `first_at` and `last_at` are its first and last amplification of the subject."""

    id: str
    """The platform's id of the official's account."""
    handle: str | None
    """Its handle, without @."""
    country: str
    """The State: an ISO 3166-1 alpha-2 code, EU or UN."""
    category: Category
    """What kind of official the account is."""
    retweets: Count
    """Its retweets of the subject."""
    quotes: Count
    """Its quotes of the subject."""
    first_at: Utc
    """Its first amplification of the subject."""
    last_at: Utc
    """Its last amplification of the subject."""


class WindowFigures(Struct, frozen=True, kw_only=True):
    """Figures of the window of that length that ends with the last amplification: (t - w, t]."""

    amplifications: Count
    """Retweets and quotes by officials in the window."""
    distinct_officials: Count
    """Officials that made them."""


class Follower(Struct, frozen=True, kw_only=True):
    """An official that follows the subject now, and since when, as far as it was seen."""

    id: str
    """The platform's id of the official's account."""
    handle: str | None
    """Its handle, without @."""
    country: str
    """The State: an ISO 3166-1 alpha-2 code, EU or UN."""
    since: Utc
    """Since when it follows the subject, as far as it was seen."""


class FirstOfficial(Struct, frozen=True, kw_only=True):
    """One of the officials that amplified the subject first, and when it did so for the first time."""

    id: str
    """The platform's id of the official's account."""
    handle: str | None
    """Its handle, without @."""
    country: str
    """The State: an ISO 3166-1 alpha-2 code, EU or UN."""
    category: Category
    """What kind of official the account is."""
    at: Utc
    """Its first amplification of the subject."""


class Links(Struct, frozen=True, kw_only=True):
    """The subject's own posts that link to domains on the roster: how many, and how many to each domain.

    At most 50 domains, those with the most posts. Looked for from the third amplification on.
    """

    posts: Count = 0
    """Posts of the subject that link to domains on the roster."""
    domains: dict[str, Count] = {}
    """How many to each domain, at most 50 domains."""


class TextMatch(Struct, frozen=True, kw_only=True):
    """A post of the subject whose text an official post shares: `shared` of the `of` fingerprints of its text.

    `at` is the time of the subject's post, or of the retweet by which it was known first; `handle` is the official's.
    """

    post_id: str
    """The subject's post."""
    at: Utc
    """Its time, or that of the retweet by which it was known first."""
    official: str
    """The platform's id of the official."""
    handle: str | None
    """The official's handle, without @."""
    official_post_id: str
    """The official's post."""
    official_at: Utc
    """When the official posted it."""
    shared: Count
    """Fingerprints that the two texts have in common."""
    of: Count
    """Fingerprints of the subject's text."""


class TextMatches(Struct, frozen=True, kw_only=True):
    """How many posts of the subject share text with an official post of an amplifying State; the best five of them."""

    posts: Count = 0
    """Posts of the subject that share text with an official post."""
    best: tuple[TextMatch, ...] = ()
    """The five that share most."""


class Contribution(Struct, frozen=True, kw_only=True):
    """One term of the state-engagement score: `points`, at most `weight`, that follow from `value`.

    An unknown `value` is `null` and contributes nothing.
    """

    name: str
    """The term's name."""
    value: float | None
    """The figure that it looks at; null where it is unknown."""
    weight: float
    """The most points that it can give."""
    points: float
    """The points that it gives."""


class Score(Struct, frozen=True, kw_only=True):
    """The state-engagement score: how much the officials of States engage with the subject, from 0 to 100.

    A sum of visible contributions, explained in docs/score.md; for sorting a list, never a verdict.
    """

    total: float = 0.0
    """The sum of all points, from 0 to 100."""
    contributions: tuple[Contribution, ...] = ()
    """Each term with its points."""
