"""What a status of an account says to people: who did it, the platform, the owner, or nobody knows."""

from typing import Final

from streams.events import SuspensionStatus

__all__ = ["STATUS_WORDS"]

STATUS_WORDS: Final[dict[SuspensionStatus, str]] = {
    "suspended": "suspended by the platform",
    "deactivated": "deactivated by its owner",
    "deleted": "gone (by whom is not known)",
    "reinstated": "back",
}
