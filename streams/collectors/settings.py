"""Settings of collectors: the table `[collect]` of the settings file, or variables that begin with `ANTIPHON_COLLECT_`.

What every collector has stands there itself; what one collector adds, in a table of its own, `[collect.NAME]`, or in
variables that begin with `ANTIPHON_COLLECT_NAME_`.
"""

import os
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, TypeVar

from msgspec import Meta, Struct

from streams.errors import ConfigurationError
from streams.setting_sources import COLLECT_PREFIX, COLLECT_TABLE, Given, read_toml, settings_from

__all__ = ["CollectSettings", "load_collect_settings", "variable_of"]

_S = TypeVar("_S", bound=Struct)
_Pause = Annotated[float, Meta(ge=0.01, le=3_600)]


class CollectSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every collector has. The queue of a source holds up to `queue_bytes` and `queue_events` that Kafka does not
    have yet; beyond that the source is not read. A transaction has up to `transaction_events` events, and one begins at
    most every `transaction_interval_seconds`. Every `coverage_interval_seconds` the seen span of a source is published
    again. A source that yields nothing for `silent_seconds` is reconnected. Pauses between connections double from
    `first_pause_seconds` to `longest_pause_seconds`.
    """

    queue_bytes: Annotated[int, Meta(ge=65_536, le=4_294_967_296)] = 33_554_432
    queue_events: Annotated[int, Meta(ge=1, le=10_000_000)] = 20_000
    transaction_events: Annotated[int, Meta(ge=1, le=100_000)] = 5_000
    transaction_interval_seconds: Annotated[float, Meta(ge=0, le=10)] = 0.1
    coverage_interval_seconds: Annotated[float, Meta(ge=1, le=600)] = 60.0
    silent_seconds: Annotated[float, Meta(ge=1, le=86_400)] = 180.0
    first_pause_seconds: _Pause = 1.0
    longest_pause_seconds: _Pause = 60.0


def load_collect_settings(
    name: str,
    own: type[_S],
    names: Collection[str],
    overrides: Mapping[str, Any] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    config_file: str | None = None,
) -> tuple[CollectSettings, _S]:
    """The settings that all collectors have, and those of the collector `name`, which are of the type `own`.

    `names` are all collectors there are; `overrides` are of the collector's own settings, and `None` is as good as
    absent. Raises `ConfigurationError` that names the key.
    """
    environ = os.environ if environ is None else environ
    path = config_file or environ.get("ANTIPHON_CONFIG")
    shared: dict[str, Given] = {}
    given: dict[str, Given] = {}
    if path:
        _read_file(path, name, names, shared, given)
    prefixes = {variable_of(each, ""): each for each in names}
    for variable, value in environ.items():
        if not variable.startswith(COLLECT_PREFIX):
            continue
        prefix = max((each for each in prefixes if variable.startswith(each)), key=len, default=None)
        if prefix is None:
            shared[variable.removeprefix(COLLECT_PREFIX).lower()] = Given(value, variable)
        elif prefixes[prefix] == name:
            given[variable.removeprefix(prefix).lower()] = Given(value, variable)
    for key, value in (overrides or {}).items():
        if value is not None:
            given[key] = Given(value, key)
    return settings_from(shared, CollectSettings), settings_from(given, own)


def variable_of(name: str, setting: str) -> str:
    """The variable of a collector's own setting."""
    return f"{COLLECT_PREFIX}{name}_{setting}".replace("-", "_").upper()


def _read_file(path: str, name: str, names: Collection[str], shared: dict[str, Given], given: dict[str, Given]) -> None:
    table = read_toml(path).get(COLLECT_TABLE, {})
    if not isinstance(table, dict):
        raise ConfigurationError(f"{path}: {COLLECT_TABLE} is no table", remedy=f"write [{COLLECT_TABLE}]")
    for key, value in table.items():
        where = f"{path}: {COLLECT_TABLE}.{key}"
        if not isinstance(value, dict):
            shared[key] = Given(value, where)
        elif key not in names:
            close = get_close_matches(key, names, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(names)}"
            raise ConfigurationError(f"{where}: there is no collector of that name", remedy=hint)
        elif key == name:
            given |= {each: Given(inner, f"{where}.{each}") for each, inner in value.items()}
