"""The aftermath of a suspension put into a record: what was counted, by official, with what is listed of it."""

from collections.abc import Sequence
from typing import Final

import msgspec

from streams.core.bounds import fitted
from streams.core.clock import from_us
from streams.core.enriched import SuspensionRecord
from streams.core.gone import RemovalReason
from streams.core.watching.aftermath_count import no_counts
from streams.core.watching.aftermath_records import (
    Aftermath,
    AftermathCoverage,
    AftermathOfficial,
    AftermathStatus,
    ClosedBecause,
    PossibleSuccessor,
    UnseenSpan,
)
from streams.core.watching.source_spans import ALWAYS_US
from streams.core.watching.unseen import WatchCoverage
from streams.core.watching.watch import WatchPeriod
from streams.core.watching.watch_counts import WatchCounts
from streams.core.watching.watch_policy import WatchPolicy

__all__ = ["aftermath_of", "deletion_ratio", "expected_deletions", "silent_officials", "void_aftermath"]

_LISTS: Final = ("officials", "listed_references", "listed_deletions", "possible_successors")


def aftermath_of(
    watch: WatchPeriod,
    counted: WatchCounts,
    successors: Sequence[PossibleSuccessor],
    watermark_us: int,
    policy: WatchPolicy,
    coverage: WatchCoverage | None = None,
) -> Aftermath:
    """The record of a watch when event time has come as far as `watermark_us`."""
    return _record(watch, counted, successors, *watch.status(watermark_us), policy, coverage)


def void_aftermath(watch: WatchPeriod, successor: WatchPeriod | None, policy: WatchPolicy) -> Aftermath:
    """The record of a watch that was published and turned out not to be one, or to be the successor's."""
    void = _record(watch, no_counts(watch), (), "void", None, policy, None)
    return void if successor is None else msgspec.structs.replace(void, superseded_by=successor.id)


def expected_deletions(counted: WatchCounts, policy: WatchPolicy) -> float:
    """The deletions of the baseline, scaled to the length of a watch."""
    return counted.deletions_before * policy.watch_days / policy.baseline_days


def deletion_ratio(deletions: int, counted: WatchCounts, policy: WatchPolicy) -> float:
    """So many deletions, compared with the expected ones; at least one is taken to be expected."""
    return deletions / max(1.0, expected_deletions(counted, policy))


def silent_officials(watch: WatchPeriod, counted: WatchCounts, coverage: WatchCoverage | None) -> list[str]:
    """The amplifying officials that did not refer to the subject in the watch, as far as they were seen in it."""
    unseen = frozenset[str]() if coverage is None else coverage.unseen_officials
    return [each.id for each in watch.amplifiers if not counted.references.get(each.id) and each.id not in unseen]


def _record(
    watch: WatchPeriod,
    counted: WatchCounts,
    successors: Sequence[PossibleSuccessor],
    status: AftermathStatus,
    because: ClosedBecause | None,
    policy: WatchPolicy,
    coverage: WatchCoverage | None,
) -> Aftermath:
    silenced = [] if status == "void" else silent_officials(watch, counted, coverage)
    deletions = counted.all_deletions
    amplifiers = () if status == "void" else watch.amplifiers
    aftermath = Aftermath(
        id=watch.id,
        country=watch.country,
        platform=watch.platform,
        subject=watch.subject,
        number=watch.number,
        status=status,
        closed_because=because,
        opened_at=from_us(watch.opened_us),
        ends_at=from_us(watch.ends_us),
        closed_at=None if because is None else from_us(watch.until_us),
        suspension=_suspension(watch),
        officials=() if status == "void" else _officials(watch, counted, status, policy, frozenset(silenced)),
        amplifying_officials=len(amplifiers),
        silent_officials=len(silenced),
        references=counted.all_references,
        references_before=counted.references_before,
        listed_references=counted.listed_references,
        deletions=deletions,
        deletions_before=counted.deletions_before,
        expected_deletions=expected_deletions(counted, policy),
        deletion_ratio=deletion_ratio(deletions, counted, policy),
        deletions_by_account=_by_account(counted, policy),
        deletions_by_language=counted.deletions_by_language,
        deletions_unknown=counted.deletions_unknown,
        gone_with_original=counted.gone.get(RemovalReason.WITH_ORIGINAL, 0),
        gone_with_official=counted.gone.get(RemovalReason.WITH_OFFICIAL, 0),
        gone_unknown=counted.gone.get(RemovalReason.UNKNOWN, 0),
        listed_deletions=counted.listed_deletions,
        possible_successors=tuple(successors[: policy.listed]),
        roster_digest=watch.digest,
        references_uncertain=counted.references_uncertain,
        deletions_uncertain=counted.deletions_uncertain,
        coverage=None if coverage is None else _coverage(watch, coverage, policy),
    )
    return fitted(aftermath, _LISTS)


def _coverage(watch: WatchPeriod, coverage: WatchCoverage, policy: WatchPolicy) -> AftermathCoverage:
    spans = coverage.spans(watch.until_us)
    return AftermathCoverage(
        seen_since=from_us(coverage.since_us) if 0 < coverage.since_us < ALWAYS_US else None,
        unseen_share=coverage.share(watch.until_us),
        deletions_unseen_share=coverage.deletions_share(watch.until_us),
        deletions_unseen_share_before=coverage.deletions_share_before(watch.until_us),
        unseen_spans=len(spans),
        unseen=tuple(
            UnseenSpan(since=from_us(since_us), until=from_us(until_us), officials=officials)
            for since_us, until_us, officials in spans[: policy.listed]
        ),
        says_nothing_of_silence=coverage.hides_posts(watch.until_us),
        says_nothing_of_deletions=coverage.hides_deletions(watch.until_us),
    )


def _suspension(watch: WatchPeriod) -> SuspensionRecord:
    period = watch.period
    return SuspensionRecord(
        status=period.status,
        at=from_us(watch.opened_us),
        event_id=period.event_id,
        precision=period.precision,
        not_before=None if period.not_before_us is None else from_us(period.not_before_us),
        not_after=from_us(watch.opened_us),
        seen_again_at=from_us(period.reinstated_us) if period.seen_again and period.reinstated_us is not None else None,
    )


def _officials(
    watch: WatchPeriod, counted: WatchCounts, status: AftermathStatus, policy: WatchPolicy, silenced: frozenset[str]
) -> tuple[AftermathOfficial, ...]:
    """Those that amplified the subject, referred to it or deleted posts: most amplifications first, then by id."""
    parts = {official: (0, handle, category) for official, (handle, category) in counted.seen.items()}
    parts.update({each.id: (each.amplifications, each.handle, each.category) for each in watch.amplifiers})
    ranked = sorted(parts.items(), key=lambda item: (-item[1][0], item[0]))
    return tuple(
        AftermathOfficial(
            id=official,
            handle=handle,
            category=category,
            amplifications=amplifications,
            references=counted.references.get(official, 0),
            deletions=counted.deletions.get(official, 0),
            posts=counted.posts.get(official, 0) if status == "closed" else None,
            silent=official in silenced,
        )
        for official, (amplifications, handle, category) in ranked[: policy.listed_officials]
    )


def _by_account(counted: WatchCounts, policy: WatchPolicy) -> dict[str, int]:
    """Deletions by handle, or by id where no handle is known; accounts that share a handle are added up. Those with
    most deletions, in the order of their names."""
    found: dict[str, int] = {}
    for official, deletions in counted.deletions.items():
        name = counted.seen[official][0] or official
        found[name] = found.get(name, 0) + deletions
    most = sorted(found.items(), key=lambda item: (-item[1], item[0]))[: policy.listed_officials]
    return dict(sorted(most))
