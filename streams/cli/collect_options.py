"""A collector's own settings as options and as a page of help."""

from typing import Any, Final

import click
import msgspec

from streams.collectors.collector import Collector
from streams.collectors.settings import variable_of
from streams.setting_sources import Secret

__all__ = ["own_options", "settings_help"]

_TYPES: Final[dict[type[Any], str]] = {
    msgspec.inspect.BoolType: "true|false",
    msgspec.inspect.IntType: "N",
    msgspec.inspect.FloatType: "N",
}


def own_options(collector: Collector) -> list[click.Option]:
    """An option for each setting that is no secret; its value is checked with all the others."""
    return [
        click.Option(
            [f"--{name.replace('_', '-')}", name],
            metavar=_metavar(kind),
            help=f"{description} [{variable_of(collector.name, name)}, else {_shown(default)}]".strip(),
        )
        for name, kind, default, description in _settings(collector)
        if not _is_secret(kind)
    ]


def settings_help(collector: Collector) -> str:
    """Where the settings may stand, and those that are no options."""
    lines = [f"Settings may also stand in the table [collect.{collector.name}] of the settings file (--config)."]
    for name, kind, _default, description in _settings(collector):
        if _is_secret(kind):
            lines.append(f"Secret, never an option: {variable_of(collector.name, name)}. {description}".strip())
    return "\n".join(lines)


def _settings(collector: Collector) -> list[tuple[str, msgspec.inspect.Type, Any, str]]:
    info = msgspec.inspect.type_info(collector.settings)
    if not isinstance(info, msgspec.inspect.StructType):
        raise TypeError(f"the settings of {collector.name} are no Struct")
    found = []
    for field in info.fields:
        kind, description = field.type, ""
        while isinstance(kind, msgspec.inspect.Metadata):
            description = description or (kind.extra_json_schema or {}).get("description", "")
            kind = kind.type
        found.append((field.name, kind, field.default, description))
    return found


def _is_secret(kind: msgspec.inspect.Type) -> bool:
    kinds = kind.types if isinstance(kind, msgspec.inspect.UnionType) else (kind,)
    return any(isinstance(each, msgspec.inspect.CustomType) and each.cls is Secret for each in kinds)


def _metavar(kind: msgspec.inspect.Type) -> str:
    kinds = kind.types if isinstance(kind, msgspec.inspect.UnionType) else (kind,)
    return next((_TYPES[type(each)] for each in kinds if type(each) in _TYPES), "TEXT")


def _shown(default: Any) -> str:
    match default:
        case msgspec.NODEFAULT | None | "":
            return "none"
        case bool():
            return str(default).lower()
    return str(default)
