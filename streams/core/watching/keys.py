"""The keys under which a ledger keeps its records and writes them to its changelog, from what they are asked for by."""

from typing import Final

__all__ = [
    "ENTRY_PREFIX",
    "amplified_account_key",
    "country_corrected_key",
    "country_recount_key",
    "country_time_key",
    "coverage_sources_key",
    "entry_key",
    "forgotten_key",
    "kept_events_prefix",
    "notices_key",
    "original_key",
    "pending_seen_since_key",
    "pending_sweeps_key",
    "published_hashes_key",
    "raw_read_key",
    "seen_since_key",
    "source_spans_key",
    "standing_key",
    "text_key",
    "text_prefix",
    "unattributed_key",
    "unmatched_deletion_key",
    "version_key",
    "watch_counts_prefix",
]

ENTRY_PREFIX: Final = b"e/"
"""What the keys of officials' posts begin with."""


def watch_counts_prefix(country: str, platform: str, subject: str) -> bytes:
    """What the keys of what a subject's watches counted begin with; those of others may, too."""
    return f"c/{country}/{platform}:{subject}/".encode()


def country_recount_key(country: str) -> bytes:
    """The key of a correction of a State's ledger that is under way."""
    return f"k/{country}".encode()


def kept_events_prefix(country: str) -> bytes:
    """What the keys of the events begin with that are kept for a correction of a State's ledger."""
    return f"y/{country}/".encode()


def country_corrected_key(country: str) -> bytes:
    """The key of what corrections of a State's ledger have led to."""
    return f"x/{country}".encode()


def entry_key(platform: str, post_id: str) -> bytes:
    """The key of an official's post: `ENTRY_PREFIX`, then its `platform:post_id`."""
    return ENTRY_PREFIX + f"{platform}:{post_id}".encode()


def forgotten_key(country: str) -> bytes:
    """The key of how far back a State's watches are forgotten."""
    return f"f/{country}".encode()


def country_time_key(country: str) -> bytes:
    """The key of how far event time has come for a State."""
    return f"h/{country}".encode()


def coverage_sources_key(country: str, platform: str) -> bytes:
    """The key of the list of sources that say what they see of a platform."""
    return f"v/{country}/{platform}".encode()


def source_spans_key(country: str, platform: str, source: str, *, seen: bool) -> bytes:
    """The key of the spans in which a source saw a platform, or did not."""
    return f"v/{country}/{platform}/{'seen' if seen else 'gaps'}/{source}".encode()


def seen_since_key(country: str, platform: str) -> bytes:
    """The key of since when a platform is seen."""
    return f"v/{country}/{platform}/since".encode()


def pending_seen_since_key() -> bytes:
    """The key of which accounts are still to be told since when officials have been seen."""
    return b"b/"


def notices_key(country: str, platform: str, official: str) -> bytes:
    """The key of the notices of an official's own account."""
    return f"n/{country}/{platform}:{official}".encode()


def original_key(country: str, platform: str, post_id: str) -> bytes:
    """The key of a deleted post of a subject of the State."""
    return f"g/{country}/{platform}:{post_id}".encode()


def unmatched_deletion_key(official: str, platform: str, post_id: str) -> bytes:
    """The key of an official's deletion of what is not known."""
    return f"o/{official}/{platform}:{post_id}".encode()


def pending_sweeps_key() -> bytes:
    """The key of what is still to be recounted."""
    return b"d/"


def raw_read_key() -> bytes:
    """The key of what the workers told of the raw partitions."""
    return b"w/"


def standing_key(country: str, platform: str, subject: str) -> bytes:
    """The key of a subject's standing with a State."""
    return f"s/{country}/{platform}:{subject}".encode()


def text_key(country: str, platform: str, post_id: str) -> bytes:
    """The key of the text of a subject's post: `text_prefix`, then its `platform:post_id`."""
    return text_prefix(country) + f"{platform}:{post_id}".encode()


def text_prefix(country: str) -> bytes:
    """What the keys of the texts of a State's subjects begin with."""
    return f"t/{country}/".encode()


def published_hashes_key(country: str, platform: str, subject: str) -> bytes:
    """The key of what a State's watches said of a subject, or under which handle an official's id was published."""
    return f"r/{country}/{platform}:{subject}".encode()


def unattributed_key(country: str, platform: str, post_id: str) -> bytes:
    """The key of the quotes of a post of which is not known whose it is."""
    return f"a/{country}/{platform}:{post_id}".encode()


def version_key(country: str, platform: str, version: str) -> bytes:
    """The key of which post a version is one of, as a State's officials' posts tell, or without one, anybody's."""
    return f"p/{country}/{platform}:{version}".encode()


def amplified_account_key(country: str, platform: str, subject: str) -> bytes:
    """The key of what is known of an account that the State's officials took up."""
    return f"u/{country}/{platform}:{subject}".encode()
