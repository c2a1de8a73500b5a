"""The bounds of the screen: how much of one event is looked at, and how far ahead of the clock it may be."""

from msgspec import Struct

__all__ = ["ScreenPolicy"]


class ScreenPolicy(Struct, frozen=True, kw_only=True):
    """Bounds of the screen. `future_skew_us`: how far an event may be ahead of the clock (5 minutes by default).

    `mentions` bounds how many accounts one post can engage with, and `links` how many of its links are looked at, of
    `link_text` characters each; platforms allow about 50. A tracked subject's text is compared with official ones from
    `text` characters on: a shorter one shares too little to say anything.
    """

    future_skew_us: int = 300 * 1_000_000
    mentions: int = 50
    links: int = 50
    link_text: int = 1_024
    text: int = 20
