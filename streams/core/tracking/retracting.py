"""Which of a subject's episodes a person retracted, and for how long that holds: until the episode is over."""

from typing import Final

from streams.core.clock import to_us
from streams.core.retractions import Retraction, RetractionOrder, retraction_of, strongest
from streams.core.tracking.subject import Episode, RetractedSpan, RuleHistory, SubjectState

__all__ = ["keep_retraction", "retraction_of_episode"]

_MOST: Final = 8
"""Of a rule and a subject. One concerns what fires, which is one episode at a time; older ones are over."""


def keep_retraction(state: SubjectState, order: RetractionOrder) -> None:
    """Note that a person retracted an alert. The same order again changes nothing."""
    alert = order.alert
    history = state.histories.get(alert.rule)
    if history is None:
        history = state.histories[alert.rule] = RuleHistory()
    fired_us, last_us = to_us(alert.fired_at), to_us(alert.as_of)
    new = retraction_of(order)
    kept: list[RetractedSpan] = []
    for span in history.retracted:
        if span.fired_us <= last_us and fired_us <= span.last_us:  # of the same episode
            new = strongest(span.retraction, new)
            fired_us, last_us = min(fired_us, span.fired_us), max(last_us, span.last_us)
        else:
            kept.append(span)
    kept.append(RetractedSpan(fired_us, last_us, new))
    history.retracted = sorted(kept, key=lambda span: span.fired_us)[-_MOST:]


def retraction_of_episode(history: RuleHistory, episode: Episode, quiet_us: int) -> Retraction | None:
    """What was said of the episode, or of one that late events made part of it. One that follows after the quiet period
    is another.
    """
    for span in reversed(history.retracted):
        if episode.fired_us <= span.last_us + quiet_us and span.fired_us <= episode.last_us + quiet_us:
            return span.retraction
    return None
