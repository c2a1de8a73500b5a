"""What a topic's settings on the broker must be: set when the topic is created, compared when a worker starts.

Nothing that Antiphon relies on is left to a broker's default.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from streams.topic import Topic, TopicFault
from streams.topic_names import COUNTRY_LEDGER
from streams.topics import TOPICS

__all__ = ["CHECKED_SETTINGS", "TopicSetting", "setting_faults", "settings_of", "topic_config"]

_Bound: TypeAlias = Literal["exactly", "at least", "at most"]

# Kafka compacts only segments that are full, by default at a gigabyte: a worker that takes a partition over would have
# to read up to that much of what has long been replaced.
_COMPACTED_SEGMENT_BYTES: Final = 64 * 1_048_576
_KEPT_TOO_LONG: Final = {
    COUNTRY_LEDGER: "a ledger file could keep what was deleted",
    "evidence": "an index file could keep what was deleted",
}
# With two copies, a minimum of two in sync would stop all writing when one broker is away.
_REPLICAS_FOR_TWO_IN_SYNC: Final = 3


class TopicSetting(Struct, frozen=True, kw_only=True):
    """A setting as Kafka names it, the value it is created with, and which other values will do.

    `danger` says what is lost otherwise: a worker refuses to start. Where it is empty, a worker warns. In an
    `at least` setting -1 stands for no limit, as in `retention.ms`.
    """

    key: str
    value: str
    bound: _Bound = "exactly"
    danger: str = ""

    def holds(self, found: str) -> bool:
        """Whether the broker's value will do."""
        if self.bound == "exactly":
            return found == self.value
        try:
            has, wanted = int(found), int(self.value)
        except ValueError:
            return False
        if self.bound == "at most":
            return has <= wanted
        return has == -1 or (wanted != -1 and has >= wanted)

    @property
    def wanted(self) -> str:
        """The value in words: `compact`, `at least 86400000`."""
        return self.value if self.bound == "exactly" else f"{self.bound} {self.value}"


def settings_of(topic: Topic, replicas: int = 1) -> tuple[TopicSetting, ...]:
    """Every setting that is relied on, for a topic with that many copies."""
    own = topic.role in ("raw", "internal")
    by_age = not topic.compacted
    settings = [
        TopicSetting(
            key="cleanup.policy",
            value="compact" if topic.compacted else "delete",
            danger="old records would be lost" if topic.compacted else "records of one key would replace each other",
        ),
        # Back-fill carries event times of long ago: under CreateTime the broker's retention deletes it at once.
        TopicSetting(
            key="message.timestamp.type",
            value="LogAppendTime",
            danger="retention would delete records of old events at once" if own and by_age else "",
        ),
        TopicSetting(
            key="max.message.bytes",
            value=str(topic.max_message_bytes),
            bound="at least",
            # Who writes to raw topics is told by the broker; a worker whose own record is refused ends.
            danger="" if topic.role == "raw" else "a record that has no smaller form would end its worker",
        ),
        TopicSetting(
            key="min.insync.replicas", value="2" if replicas >= _REPLICAS_FOR_TWO_IN_SYNC else "1", bound="at least"
        ),
        TopicSetting(
            key="unclean.leader.election.enable",
            value="false",
            danger="acknowledged records would be lost when a broker fails" if replicas > 1 else "",
        ),
    ]
    if topic.packed:
        settings.append(TopicSetting(key="compression.type", value=topic.packed))
    if topic.compacted:
        settings += [
            TopicSetting(key="segment.bytes", value=str(_COMPACTED_SEGMENT_BYTES), bound="at most"),
            TopicSetting(
                key="delete.retention.ms",
                value=str(topic.tombstone_ms),
                bound="at least",
                danger=_KEPT_TOO_LONG.get(topic.name, ""),
            ),
        ]
    else:
        kept = -1 if topic.retention_ms is None else topic.retention_ms
        settings += [
            TopicSetting(key="retention.ms", value=str(kept), bound="at least"),
            TopicSetting(key="retention.bytes", value="-1", bound="at least"),
        ]
    return tuple(settings)


CHECKED_SETTINGS: Final = tuple(sorted({setting.key for topic in TOPICS for setting in settings_of(topic)}))
"""The keys of all settings that are relied on."""


def topic_config(topic: Topic, replicas: int = 1) -> dict[str, str]:
    """What the broker is told when the topic is created with that many copies."""
    return {setting.key: setting.value for setting in settings_of(topic, replicas)}


def setting_faults(topic: Topic, name: str, replicas: int, found: Mapping[str, str], broker: str) -> list[TopicFault]:
    """What of the broker's settings will not do, `found` by key; a key that the broker did not tell is left out.

    `name` is the topic's name on the broker, and `broker` its address: the remedy is a command.
    """
    wrong = [s for s in settings_of(topic, replicas) if s.key in found and not s.holds(found[s.key])]
    return [
        TopicFault(
            topic=topic.name,
            key=setting.key,
            value=found[setting.key],
            wanted=setting.wanted,
            message=f"{name}: {setting.key} is {found[setting.key] or 'empty'} and must be {setting.wanted}"
            f"{': ' * bool(setting.danger)}{setting.danger}"
            if setting.danger
            else f"{name}: {setting.key} is {found[setting.key] or 'empty'}; Antiphon sets {setting.wanted}",
            remedy=_command(name, [setting], broker),
            unsafe=bool(setting.danger),
        )
        for setting in wrong
    ]


def _command(name: str, settings: Iterable[TopicSetting], broker: str) -> str:
    pairs = ",".join(f"{setting.key}={setting.value}" for setting in settings)
    where = f"--bootstrap-server {broker}"
    return f"kafka-configs.sh {where} --alter --entity-type topics --entity-name {name} --add-config {pairs}"
