"""What an aftermath says, in words: counts and days, never motives."""

from collections.abc import Iterator

from streams.core.country_names import country_name
from streams.core.suspension_words import STATUS_WORDS, account_words, days_of, event_words
from streams.core.watching.aftermath_records import Aftermath

__all__ = ["called", "summary_of", "suspended_words", "uncertain_words", "unseen_words", "watch_words"]


def called(handle: str | None, other: str) -> str:
    """An account by its handle, or where none is known as `other` says."""
    return other if handle is None else f"@{handle}"


def summary_of(record: Aftermath, *, no_silence: bool, no_comparison: bool) -> str:
    """What was counted, in a sentence or two."""
    if record.status == "void":
        return "The suspension, or every amplification from before it, turned out not to stand: nothing is counted."
    expected = "" if no_comparison else f" (to be expected from the 30 days before: {record.expected_deletions:.1f})"
    silent = (
        "Too much went unseen to say who was silent"
        if no_silence
        else f"{record.silent_officials:,} of {_officials(record.amplifying_officials)} that had amplified it did not "
        "refer to it"
    )
    return (
        f"After {event_words(record.suspension.status)} {_posts(record.references)} by officials of "
        f"{country_name(record.country)} referred to it, {record.references_before:,} in the 30 days before. "
        f"They deleted {_posts(record.deletions)}{expected}. {silent}."
    )


def suspended_words(record: Aftermath) -> str:
    """What became of the account, and when."""
    notice = record.suspension
    days = days_of(notice.precision, notice.not_before, notice.not_after or notice.at, notice.seen_again_at)
    return f"{STATUS_WORDS[notice.status]}, {days}"


def watch_words(record: Aftermath) -> str:
    """From when to when the watch lasts, and how it ended."""
    said = f"{record.opened_at:%Y-%m-%d %H:%M} to {record.closed_at or record.ends_at:%Y-%m-%d %H:%M}"
    match record.status, record.closed_because:
        case "void", _:
            return f"{said}: void, it turned out not to stand"
        case "open", _:
            return f"{said}: still open"
        case _, "reinstated":
            return f"{said}: closed early, {account_words(record.suspension.status)} was there again"
        case _:
            return f"{said}: closed, its time has run"


def uncertain_words(record: Aftermath) -> str:
    """What of the counts before may have come after; nothing where all is certain."""
    if not (record.references_uncertain or record.deletions_uncertain):
        return ""
    return (
        f"Of the counts before, {record.references_uncertain:,} references and {record.deletions_uncertain:,} "
        "deletions are of a time when the account may have been gone already."
    )


def unseen_words(record: Aftermath) -> Iterator[str]:
    """What went unseen, a sentence each."""
    coverage = record.coverage
    if coverage is None:
        yield f"No source says what it saw of {record.platform}: what went unseen is not known."
        return
    if coverage.seen_since is not None:
        yield f"The platform is seen since {coverage.seen_since:%Y-%m-%d %H:%M}."
    if not coverage.unseen_spans:
        yield "The sources saw these officials in the whole watch."
    else:
        yield (
            f"{coverage.unseen_share:.1%} of the time in which these officials could post went unseen, "
            f"{coverage.deletions_unseen_share:.1%} of that in which they could delete; in {coverage.unseen_spans:,} "
            f"span{'' if coverage.unseen_spans == 1 else 's'}."
        )
    if coverage.deletions_unseen_share_before:
        yield f"{coverage.deletions_unseen_share_before:.1%} of the 30 days before went unseen."
    if coverage.says_nothing_of_silence:
        yield "Too much went unseen to call anybody silent."
    if coverage.says_nothing_of_deletions:
        yield "Too much went unseen to compare deletions with those before."


def _officials(count: int) -> str:
    return f"{count:,} official{'' if count == 1 else 's'}"


def _posts(count: int) -> str:
    return f"{count:,} post{'' if count == 1 else 's'}"
