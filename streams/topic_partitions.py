"""How many partitions each topic gets, and which numbers no worker could work with."""

from collections.abc import Mapping

from streams.topic import TopicFault
from streams.topic_names import TRACKED_ACCOUNTS
from streams.topics import TOPICS

__all__ = ["partition_counts_of", "partition_faults"]


def partition_counts_of(given: Mapping[str, int], existing: Mapping[str, int]) -> dict[str, int]:
    """How many partitions each topic has after creation, by plain name.

    An existing topic keeps its number, a missing one gets what is `given`, else what the topic has that it goes with,
    else its default.
    """
    known = {name: count for name, count in existing.items() if count}
    chosen = {name: count for name, count in given.items() if name not in known} | known
    partners = {t.name: t.copartitioned for t in TOPICS if t.copartitioned}
    partners |= {second: first for first, second in partners.items()}
    return {t.name: chosen.get(t.name) or chosen.get(partners.get(t.name, ""), t.partitions) for t in TOPICS}


def partition_faults(counts: Mapping[str, int], prefix: str = "") -> list[TopicFault]:
    """What of these numbers of partitions, by plain name, no worker could work with. `prefix` is that of all topics."""
    faults = []
    for topic in TOPICS:
        count = counts[topic.name]
        if topic.single and count != 1:
            faults.append(
                TopicFault(
                    topic=topic.name,
                    key="partitions",
                    value=str(count),
                    wanted="1",
                    message=f"{prefix}{topic.name} has {count} partitions and must have exactly one: {topic.single}",
                    remedy=f"stop all workers and run {_recreated(topic.name, 1)}"
                    if topic.name == TRACKED_ACCOUNTS  # cursors of collectors are not counted from anything
                    else f"stop all workers, delete {prefix}{topic.name} and run `antiphon topics create`"
                    f"{' and `antiphon roster publish`' * (topic.role == 'roster')}: the number cannot be reduced",
                    unsafe=True,
                )
            )
        partner = topic.copartitioned
        if partner and count != counts[partner]:
            fewer = min(count, counts[partner])  # the number they had: it only ever grows
            faults.append(
                TopicFault(
                    topic=topic.name,
                    key="partitions",
                    value=str(count),
                    wanted=str(counts[partner]),
                    message=f"{prefix}{topic.name} has {count} partitions and {prefix}{partner} has {counts[partner]}; "
                    "they must have the same number: what is known of a partition of the first is kept in the same "
                    "partition of the second",
                    remedy=f"stop all workers and run {_recreated(topic.name, fewer, partner)}",
                    unsafe=True,
                )
            )
    return faults


def _recreated(name: str, count: int, *others: str) -> str:
    """Deleted by hand they would stay empty, since the group would go on where it is on the raw topics."""
    options = " ".join(f"--partitions {each}={count}" for each in (name, *others))
    return f"`antiphon states reset {options}`: what is there is recounted from the raw topics"
