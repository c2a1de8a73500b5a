"""What names alerts and aftermaths: ids that late events move as little as an id can that order must not change.

An episode is known by when it began, and a late event can move that. So its id has the time interval in which it began:
intervals are as long as the pause that ends an episode, the longest at which two episodes never share one.
"""

from hashlib import sha256

from streams.core.subject_event import subject_key

__all__ = ["aftermath_id", "alert_id", "dedup_key", "interval_start", "watch_about"]


def interval_start(at_us: int, length_us: int) -> int:
    """The beginning (µs) of the interval of that length in which a time lies; intervals are counted from 1970."""
    return at_us - at_us % length_us


def watch_about(country: str, platform: str, account_id: str) -> str:
    """What an aftermath is about: an account, as seen by the officials of one State."""
    return f"aftermath\n{country}\n{subject_key(platform, account_id)}"


def alert_id(rule: str, about: str, interval: str | int) -> str:
    """32 hex digits that name one alert of a rule, the same wherever they are computed. `about` is the subject's key
    or `watch_about`, `interval` that of the episode (µs) or of the watch.
    """
    return _hash(f"{rule}\n{about}\n{interval}")


def dedup_key(rule: str, about: str) -> str:
    """32 hex digits that all alerts of a rule about the same share: for people, those that follow one another without
    a gap are one running thing.
    """
    return _hash(f"{rule}\n{about}")


def aftermath_id(about: str, interval: str) -> str:
    """32 hex digits that name one aftermath, the same wherever they are computed."""
    return _hash(f"{about}\n{interval}")


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]
