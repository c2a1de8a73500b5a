"""What a status of an account says to people: who did it, the platform, the owner, or nobody knows; and when."""

from datetime import datetime
from typing import Final

from streams.events import Precision, SuspensionStatus

__all__ = ["STATUS_WORDS", "account_words", "days_of", "event_words", "gone_in_words", "uncertain_part"]

STATUS_WORDS: Final[dict[SuspensionStatus, str]] = {
    "suspended": "suspended by the platform",
    "deactivated": "deactivated by its owner",
    "deleted": "gone (by whom is not known)",
    "reinstated": "back",
}


def days_of(
    precision: Precision | None,
    not_before: datetime | None,
    not_after: datetime,
    seen_again: datetime | None = None,
) -> str:
    """The day of a suspension or a return as people read it, with what is uncertain in it."""
    said = f"{not_after:%Y-%m-%d}"
    if precision == "day":
        said += " (day)"
    elif not_before is not None and not_before.date() < not_after.date():
        said += f" (it happened between {not_before:%Y-%m-%d} and {not_after:%Y-%m-%d})"
    if seen_again is not None:
        said += f", and seen again on {seen_again:%Y-%m-%d}: it was gone later, or back by then"
    return said


def uncertain_part(count: int) -> str:
    """What is added to a count of what came before a suspension, where some of it may have come after; or nothing."""
    return f", {count} of these when it may have been gone already" if count else ""


def event_words(status: SuspensionStatus) -> str:
    """What began with a notice: a suspension only where the platform suspended the account."""
    return "the suspension" if status == "suspended" else "the disappearance"


def account_words(status: SuspensionStatus) -> str:
    """The account of which such a notice tells."""
    return "the suspended account" if status == "suspended" else "the account that is gone"


def gone_in_words(with_original: int, with_official: int, unknown: int) -> str:
    """Why posts are gone that nobody is known to have taken back, with how many of each; empty where there are none."""
    reasons = (
        (with_original, "with the original"),
        (with_official, "with the official's own account"),
        (unknown, "for a reason not known"),
    )
    return ", ".join(f"{count:,} {words}" for count, words in reasons if count)
