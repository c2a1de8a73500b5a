"""WATCH's step for coverage: what a source says it saw, or did not see, of a State's officials on a platform."""

from typing import Final

from streams.core.clock import DAY_US
from streams.core.country_event import CountryEvent
from streams.core.watching.change_set import ChangeSet
from streams.core.watching.forgetting import forgotten_before
from streams.core.watching.keys import coverage_sources_key, source_spans_key
from streams.core.watching.ledger import Ledger
from streams.core.watching.seen_since import note_seen_since
from streams.core.watching.source_spans import (
    ALWAYS_US,
    CoverageSources,
    SourceSpan,
    SourceSpans,
    is_later,
    with_span,
    without_old,
)
from streams.core.watching.watch_outcome import Stepped, WatchOutcome
from streams.core.watching.watch_policy import WatchPolicy

__all__ = ["apply_coverage"]

_BEFORE_ALL: Final = 0


def apply_coverage(ledger: Ledger, event: CountryEvent, changes: ChangeSet, policy: WatchPolicy) -> Stepped:
    """Take in one word on one span; the latest word on it stands, whichever comes first."""
    reported = event.coverage
    if reported is None:
        return Stepped(WatchOutcome.REFUSED)
    country, platform, source = event.country, event.platform, reported.source
    listed = ledger.get(coverage_sources_key(country, platform))
    sources = listed.sources if isinstance(listed, CoverageSources) else ()
    if source not in sources and len(sources) >= policy.coverage_sources:
        return Stepped(WatchOutcome.COVERAGE_BOUND)
    span = SourceSpan(
        event.event_id,
        event.at_us if event.observed_us is None else event.observed_us,
        0 if reported.since_us is None else reported.since_us,
        ALWAYS_US if reported.until_us is None else reported.until_us,
        None if reported.officials is None else tuple(sorted(set(reported.officials))),
        "" if reported.seen or reported.closed_by is None else reported.closed_by,
    )
    found = ledger.get(source_spans_key(country, platform, source, seen=reported.seen))
    known = found if isinstance(found, SourceSpans) else SourceSpans(platform, country, source, reported.seen)
    before = next((each for each in known.spans if each.id == span.id), None)
    if before is not None and not is_later(span, before):
        return Stepped(WatchOutcome.DUPLICATE if before == span else WatchOutcome.OUTDATED)
    # Before the baseline of every watch that anything can still change nothing is looked at.
    old_us = forgotten_before(ledger, country) - policy.baseline_days * DAY_US
    new, is_cut = with_span(known, span, policy.coverage_spans, policy.coverage_officials)
    new = without_old(new, old_us)
    if not isinstance(found, SourceSpans) or new != known:
        ledger.put(new)
    if source not in sources:
        ledger.put(CoverageSources(platform, country, tuple(sorted((*sources, source)))))
    if reported.seen:
        note_seen_since(ledger, country, platform)
    if is_cut or not sources:
        changes.covered(_BEFORE_ALL, ALWAYS_US)
    elif not reported.seen:
        both = (span,) if before is None else (span, before)
        changes.covered(min(each.since_us for each in both), max(each.until_us for each in both))
    else:
        last_us = max((each.until_us for each in known.spans), default=_BEFORE_ALL)
        if before is not None and _goes_on(before, span, last_us):
            changes.extended(platform, before.until_us)
        else:
            changes.covered(min(span.since_us, last_us, ALWAYS_US if before is None else before.since_us), ALWAYS_US)
    return Stepped(WatchOutcome.COVERAGE_BOUND if is_cut else WatchOutcome.APPLIED)


def _goes_on(before: SourceSpan, span: SourceSpan, last_us: int) -> bool:
    """Whether the newest span of a source was seen to go on: what was still to be told is seen, and nothing else."""
    return (span.since_us, span.officials) == (before.since_us, before.officials) and (
        last_us == before.until_us <= span.until_us
    )
