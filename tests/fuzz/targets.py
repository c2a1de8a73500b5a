"""All targets by their names."""

from types import MappingProxyType
from typing import Final

from tests.fuzz.archive_targets import archive_targets
from tests.fuzz.planted import PLANTED
from tests.fuzz.reader_targets import reader_targets
from tests.fuzz.roster_targets import roster_targets
from tests.fuzz.shape_targets import shape_targets
from tests.fuzz.target import Target

__all__ = ["TARGETS", "target_named"]

TARGETS: Final = MappingProxyType(
    {target.name: target for target in (*reader_targets(), *shape_targets(), *archive_targets(), *roster_targets())}
)


def target_named(name: str) -> Target:
    """Raises `KeyError`."""
    return PLANTED if name == PLANTED.name else TARGETS[name]
