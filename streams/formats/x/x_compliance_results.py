"""Results of X's batch compliance jobs: what became of the posts or accounts that somebody asked after.

A line does not say which of the two its id is of. What can be told from the id and `created_at` is told, the rest is
refused.
"""

from datetime import datetime
from typing import Final, Literal, TypeAlias

from streams.core.accounts import creation
from streams.core.clock import to_us
from streams.deadletters import Reason
from streams.events import Account, Deletion, Suspension, SuspensionStatus
from streams.formats.reader import Reading, Skipped
from streams.formats.twitter.twitter_v1_fields import Ids
from streams.formats.x.x_compliance_payloads import Line
from streams.formats.x.x_v2_includes import parse_time, required_id
from streams.refusal import Refused

__all__ = ["RESULT_NAMES", "Thing", "read_result"]

Thing: TypeAlias = Literal["post", "account"]

# By `reason`: the account's status, and the stream message that says the same.
_STATUS_OF: Final[dict[str, tuple[SuspensionStatus, str]]] = {
    "suspended": ("suspended", "user_suspend"),
    "deactivated": ("deactivated", "user_delete"),
    "deleted": ("deleted", "user_gone"),  # by whom the line does not say
}
_SKIPPED_ACTIONS: Final = {"rehydrate": Skipped("tweet_edit"), "scrub_geo": Skipped("scrub_geo")}
_SKIPPED_REASONS: Final = {
    "bounced": Skipped("post_bounced"),  # a post that never passed X's check
    "protected": Skipped("protected"),
    "scrub_geo": Skipped("scrub_geo"),
}
_INVALID_ID: Final = Skipped("invalid_id")
_GONE_WITH_ACCOUNT: Final = Skipped("post_gone_with_account")
_WITHOUT_TIME: Final[dict[Thing, Skipped]] = {
    "post": Skipped("post_without_time"),
    "account": Skipped("account_without_time"),
}

# The closed list of names under which a result may be skipped.
RESULT_NAMES: Final = frozenset(
    skipped.name
    for skipped in (
        _INVALID_ID,
        _GONE_WITH_ACCOUNT,
        *_SKIPPED_ACTIONS.values(),
        *_SKIPPED_REASONS.values(),
        *_WITHOUT_TIME.values(),
    )
)

_LAST_COUNTED_ACCOUNT: Final = 10**10  # accounts were counted up to 4.9 billion, until February 2016
_FIRST_SNOWFLAKE: Final = 10**17  # of accounts. Between the two there are only ids of posts
_SNOWFLAKES_OF_POSTS: Final = datetime.fromisoformat("2010-11-05T00:00:00+00:00")
_ANY_TIME_US: Final = 2**62


def read_result(line: Line, ids: Ids, thing: Thing | None = None) -> Reading:
    """What one line of a result says. `thing` is what was asked after, where somebody knows. Raises `Refused`."""
    if line.error is not None:
        return _INVALID_ID
    if line.action in _SKIPPED_ACTIONS:
        return _SKIPPED_ACTIONS[line.action]
    if line.action != "delete":
        raise Refused(Reason.UNKNOWN_SHAPE, f"action: {line.action!r}")
    if line.reason in _SKIPPED_REASONS:
        return _SKIPPED_REASONS[line.reason]
    if line.reason not in _STATUS_OF:
        raise Refused(Reason.UNKNOWN_SHAPE, f"reason: {line.reason!r}")
    named = required_id(line.id, ids, "id")
    created_at = parse_time(line.created_at)
    thing = thing or _thing(named, created_at, line.created_at or "")
    if thing == "post" and line.reason != "deleted":
        return _GONE_WITH_ACCOUNT  # its author took nothing back, and the line does not say who that is
    place = "deleted_at" if line.redacted_at is None else "redacted_at"
    text = line.deleted_at if line.redacted_at is None else line.redacted_at
    if text is None:
        return _WITHOUT_TIME[thing]
    at = parse_time(text)
    if at is None:
        raise Refused(Reason.BAD_TIME, f"{place}: {text!r} is no time")
    if thing == "post":
        return (Deletion(platform="twitter", id=named, at=at, post_id=named),)
    status, message = _STATUS_OF[line.reason]
    return (
        Suspension(
            platform="twitter",
            id=f"{message}:{named}:{to_us(at) // 1_000}",
            at=at,
            actor=Account(id=named, created_at=created_at, created_at_source="reported"),
            status=status,
            # X does not say whether it takes an account away at once.
            precision="noticed",
        ),
    )


def _thing(named: str, created_at: datetime | None, written: str) -> Thing:
    """What has this id and was created then. Raises `Refused` where either could be.

    The id of a post of today holds its creation time, and results give that to the millisecond; an account's they give
    in seconds, as `2013-06-04T16:25:04+00:00`.
    """
    number = int(named)
    if created_at is not None:
        if _LAST_COUNTED_ACCOUNT <= number < _FIRST_SNOWFLAKE:
            return "post"
        if "." not in written and written.endswith("+00:00"):
            return "account"
        if number < _LAST_COUNTED_ACCOUNT and created_at >= _SNOWFLAKES_OF_POSTS:
            return "account"
        if created_at.microsecond and creation("twitter", Account(id=named), _ANY_TIME_US)[0] == to_us(created_at):
            return "post"
    raise Refused(Reason.UNKNOWN_SHAPE, "created_at: does not show whether `id` is of a post or of an account")
