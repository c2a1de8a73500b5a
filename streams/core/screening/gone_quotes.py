"""Officials' quotes of posts of which the input does not say whose they are: which of them a run could give to nobody.

After a suspension that is every quote of the account that is fetched from then on.
"""

from collections.abc import Iterable

from streams.core.clock import to_us
from streams.core.enriched import Amplification
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.country_reports import quotes_unknown_author
from streams.events import Event, Post

__all__ = ["GoneQuotes"]


class GoneQuotes:
    """Shown every event of a run, it counts at the end what is left. Keeps the ids of such quotes alone."""

    __slots__ = ("_ids", "_known")

    def __init__(self, known: AccountIndex) -> None:
        self._known = known
        self._ids: set[tuple[str, str]] = set()

    def see(self, event: Event) -> None:
        """Take note of an official's quote of a post of unknown author."""
        if not isinstance(event, Post) or not quotes_unknown_author(event):
            return
        if self._known.author(event.platform, event.actor, to_us(event.at)) is not None:
            self._ids.add((event.platform, event.id))

    def untied(self, amplifications: Iterable[Amplification]) -> int:
        """How many of them amplify nobody that is known."""
        if not self._ids:
            return 0
        return len(self._ids.difference((each.platform, each.id) for each in amplifications))
