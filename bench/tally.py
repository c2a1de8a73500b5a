"""What must come out: a plain count over the generated events, and what is wrong with an implementation's results.

Shares no code with the pipeline, so that it can contradict it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct, field

from bench.world import PlacedEvent

__all__ = ["Amplified", "Figures", "Tally"]


class Amplified(Struct, frozen=True):
    """One amplification by an official, and where its raw event stands."""

    official: str
    subject: str
    topic: str
    partition: int
    offset: int


class Figures(Struct, frozen=True):
    """What is counted for one subject."""

    amplifications: int
    distinct_officials: int


class Tally(Struct):
    """`ends` is the next offset of each (topic, partition), `amplified` every amplification by its event's id."""

    ends: dict[tuple[str, int], int] = field(default_factory=dict)
    amplified: dict[str, Amplified] = field(default_factory=dict)
    value_bytes: int = 0

    @property
    def events(self) -> int:
        """How many events there are."""
        return sum(self.ends.values())

    def note(self, event: PlacedEvent) -> None:
        """Count one generated event."""
        self.ends[(event.topic, event.partition)] = event.offset + 1
        self.value_bytes += len(event.value)
        if event.amplification is not None:
            event_id, official, subject = event.amplification
            self.amplified[event_id] = Amplified(official, subject, event.topic, event.partition, event.offset)

    def figures(self, event_ids: Iterable[str]) -> dict[str, Figures]:
        """The figures of each subject that these amplifications lead to."""
        officials: dict[str, list[str]] = defaultdict(list)
        for event_id in event_ids:
            amplified = self.amplified[event_id]
            officials[amplified.subject].append(amplified.official)
        return {subject: Figures(len(by), len(set(by))) for subject, by in officials.items()}

    def complaints(
        self,
        reported: Sequence[str],
        figures: Mapping[str, Figures],
        read_up_to: Mapping[tuple[str, int], int],
        under_way: Collection[str] = (),
    ) -> list[str]:
        """What is wrong with results, in sentences; empty if they are right.

        `reported` are the ids of the amplifications that an implementation reported, `figures` its last figures of each
        subject, `read_up_to` the next offset of each (topic, partition) that it says it has dealt with. It may have
        gone further than it says, never less far, and its figures must be those of what it reported. `under_way` are
        ids that it has handed on durably from one of its stages to the next, where it was stopped before the next.
        """
        wrong: list[str] = []
        known = {event_id for event_id in reported if event_id in self.amplified}
        if foreign := set(reported) - known:
            wrong.append(f"{len(foreign)} reported events are no official's amplifications, for example {min(foreign)}")
        if len(reported) != len(set(reported)):
            wrong.append(f"{len(reported) - len(set(reported))} amplifications were reported twice")
        accounted = known.union(under_way)
        missing = [
            event_id
            for event_id, amplified in self.amplified.items()
            if amplified.offset < read_up_to.get((amplified.topic, amplified.partition), 0)
            and event_id not in accounted
        ]
        if missing:
            wrong.append(f"{len(missing)} amplifications were not reported, for example {missing[0]}")
        due = self.figures(known)
        differing = [subject for subject in due.keys() | figures.keys() if due.get(subject) != figures.get(subject)]
        if differing:
            example = min(differing)
            wrong.append(
                f"figures of {len(differing)} subjects are wrong, for example {example}: "
                f"{figures.get(example)} instead of {due.get(example)}"
            )
        return wrong
