"""When an account was created, as far as anybody can know. Knows the id schemes of platforms, nothing of rules."""

from typing import Final

from streams.core.clock import to_us
from streams.events import Account, AccountSource

__all__ = ["CERTAINTY", "creation"]

CERTAINTY: Final[dict[AccountSource | None, int]] = {None: -1, "snowflake": 0, "directory": 1, "reported": 2}
"""What is believed where two sources differ: the higher. A directory tells when an identity was made, which is before
or with the account."""

# Twitter's snowflake ids: milliseconds since this moment (4 November 2010), shifted left by 22 bits.
_TWITTER_EPOCH_MS: Final = 1_288_834_974_657
# Ids above this are snowflakes. None was given to an account before February 2016 (found in real data, DESIGN 4).
_LAST_PLAIN_ID: Final = 10**17


def creation(platform: str, account: Account, at_us: int) -> tuple[int | None, AccountSource | None]:
    """The creation time of `account` (µs) as known at an event of `at_us`, and whence; `(None, None)` if unknown.

    The platform's own report comes first, then a Twitter snowflake id. A time later than the event, or before 1970, is
    wrong, whoever says it, and counts as not said.
    """
    if account.created_at is not None:
        reported = to_us(account.created_at)
        if 0 < reported <= at_us:
            return reported, account.created_at_source or "reported"
    number = _twitter_number(platform, account.id)
    if number is not None and number > _LAST_PLAIN_ID:
        created = ((number >> 22) + _TWITTER_EPOCH_MS) * 1_000
        if created <= at_us:
            return created, "snowflake"
    return None, None


def _twitter_number(platform: str, account_id: str) -> int | None:
    # Twitter's ids are 63-bit numbers: at most 19 digits, no leading zero. Anything else is somebody's mistake.
    if platform != "twitter" or len(account_id) > 19 or account_id[:1] == "0":
        return None
    return int(account_id) if account_id.isascii() and account_id.isdigit() else None
