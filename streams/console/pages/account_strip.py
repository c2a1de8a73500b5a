"""When each official amplified the account, from the amplifications that the topic still has: as lines, and drawn."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from streams.console.charts.moments import Moment
from streams.console.charts.strip_plot import StripMark, StripRow, strip_plot
from streams.core.clock import to_us
from streams.core.enriched import Alert, Amplification, Dossier
from streams.core.subject_event import subject_key
from streams.core.suspension_words import STATUS_WORDS

__all__ = ["OfficialTimes", "account_strip", "official_times"]


class OfficialTimes(Struct, frozen=True, kw_only=True):
    """When one official amplified the account."""

    key: str
    """The official, as `platform:id`."""
    handle: str | None
    """Its handle, without @."""
    retweets: tuple[datetime, ...]
    """Its retweets, the first first."""
    quotes: tuple[datetime, ...]
    """Its quotes, the first first."""


def official_times(dossier: Dossier | None, amplifications: Iterable[Amplification]) -> tuple[OfficialTimes, ...]:
    """A line for each official, in the order of the dossier."""
    order = {} if dossier is None else {each.id: place for place, each in enumerate(dossier.officials)}
    by_id: dict[str, list[Amplification]] = {}
    for each in sorted(amplifications, key=lambda each: (each.at, each.id)):
        by_id.setdefault(each.official.id, []).append(each)
    ids = sorted(by_id, key=lambda each: (order.get(each, len(order)), -len(by_id[each]), each))
    return tuple(
        OfficialTimes(
            key=subject_key(by_id[each][-1].platform, each),
            handle=by_id[each][-1].official.handle,
            retweets=tuple(amplified.at for amplified in by_id[each] if amplified.kind == "retweet"),
            quotes=tuple(amplified.at for amplified in by_id[each] if amplified.kind == "quote"),
        )
        for each in ids
    )


def account_strip(
    dossier: Dossier, lines: Sequence[OfficialTimes], alerts: Iterable[Alert], *, who: str, source: str
) -> str:
    """The figure of these lines, at least one."""
    moments = [*_moments(dossier, alerts)]
    drawn = [time for line in lines for time in (*line.retweets, *line.quotes)]
    times = [to_us(each) for each in drawn] + [each.at_us for each in moments]
    of_all = dossier.totals.retweet + dossier.totals.quote
    notes = [source]
    if of_all > len(drawn):
        notes.insert(0, f"The newest {len(drawn):,} of {of_all:,} amplifications that are counted.")
    return strip_plot(
        [_row(line) for line in lines], moments, min(times), max(times), title=f"Who amplified {who}, and when",
        description=f"{len(drawn):,} amplifications, a row for each official, those with most at the top.", notes=notes,
    )  # fmt: skip


def _row(line: OfficialTimes) -> StripRow:
    marks = [StripMark(at_us=to_us(each), kind="retweet") for each in line.retweets]
    marks += [StripMark(at_us=to_us(each), kind="quote") for each in line.quotes]
    return StripRow(name=f"@{line.handle}" if line.handle else line.key, marks=marks)


def _moments(dossier: Dossier, alerts: Iterable[Alert]) -> Iterator[Moment]:
    first, last, created = dossier.first_amplified_at, dossier.last_amplified_at, dossier.subject.created_at
    # An account of many years would leave no room for what the figure is about.
    if created is not None and first is not None and last is not None and first - created <= last - first:
        yield Moment(kind="created", at_us=to_us(created), words="created")
    for notice in dossier.suspensions:
        at_us = to_us(notice.not_after or notice.at)
        words = STATUS_WORDS[notice.status]
        yield Moment(kind="back" if notice.status == "reinstated" else "suspended", at_us=at_us, words=words)
    for alert in alerts:
        if alert.status != "retracted":
            yield Moment(kind="fired", at_us=to_us(alert.fired_at), words=alert.rule)
