"""A recount of a State's ledger: what the evidence says of some accounts under another roster, on its way to WATCH.

Whoever corrects a roster asks WATCH with `country_recount_open` to keep what it applies from then on, reads the
evidence, and sends the parts of the order with `country_recount`. How they are packed is `recounts`.
"""

from functools import lru_cache
from typing import Final

import msgspec
from msgspec import Struct

from streams.core.clock import StoredInt
from streams.core.country_event import CountryEvent, CountryEventKind
from streams.core.recounts import unpacked
from streams.core.subject_event import Coordinates

__all__ = ["CountryOrder", "country_recount", "country_recount_open", "decode_country_recount", "post_name"]

_SOURCE: Final = Coordinates("correction", 0, 0)


class CountryOrder(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of what is to take the place of what a State's ledger has under the roster `old_digest`.

    Of `officials`, keys of changed accounts, all that they did goes; of `subjects` all that officials did about them
    and what they wrote. `events` are those that the evidence leads to under `new_digest`, about the one or the other.
    `known` names the posts of these accounts, and about them, that the evidence has (`post_name`). Of `unchanged`
    accounts all stays: what follows from it is said again, since TRACK recounts them. `changed` has all changed
    accounts by key, and whether each is still on the roster at some time. What stands in a raw partition before `cut`
    (by `topic/partition`) is in the evidence, which begins at `since_us`. Nothing is said of the State's
    aftermaths from the first part on; with the `last` one, which has nothing else, they are recounted.
    """

    correction: str
    old_digest: str
    new_digest: str
    at_us: StoredInt
    reason: str = ""
    officials: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    events: tuple[CountryEvent, ...] = ()
    known: tuple[str, ...] = ()
    changed: dict[str, bool] = {}
    cut: dict[str, StoredInt] = {}
    since_us: StoredInt = 0
    last: bool = False


def post_name(platform: str, post_id: str, *, gone: bool = False) -> str:
    """What a post of the evidence is known by, or its deletion."""
    return f"{'-' if gone else ''}{platform}:{post_id}"


_decoder: Final = msgspec.msgpack.Decoder(CountryOrder)


@lru_cache(maxsize=1)  # whoever carries it out has asked before whether it is one
def decode_country_recount(payload: bytes) -> CountryOrder:
    """The part of a record. Raises `msgspec.DecodeError` for bytes that are none."""
    return unpacked(payload, _decoder)


def country_recount_open(country: str, correction: str, at_us: int) -> CountryEvent:
    """What asks WATCH to keep what it applies to a State's ledger from here on; without a correction (empty) it asks
    nothing, and stands behind what was written before.
    """
    return _event("recount_open", country, correction, at_us, None)


def country_recount(country: str, order: CountryOrder, packed: bytes) -> CountryEvent:
    """A part of the order as a State event."""
    return _event("recount", country, order.correction, order.at_us, packed)


def _event(kind: CountryEventKind, country: str, correction: str, at_us: int, packed: bytes | None) -> CountryEvent:
    return CountryEvent(
        kind=kind,
        country=country,
        platform="antiphon",
        event_id=correction,
        at_us=at_us,
        source=_SOURCE,
        recount=packed,
    )
