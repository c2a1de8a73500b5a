"""The versions of an alert: what each said, and in which fields it differs from the one before."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from streams.console.pages.alert_model import VersionChange, VersionLine
from streams.console.store.results import StoredAlert
from streams.core.enriched import Alert

__all__ = ["version_lines"]

_MOST: Final = 300  # characters of a value
_LEFT_OUT: Final = frozenset({"evidence"})  # the newest push the oldest out, which is no difference
_BY_NAME: Final = frozenset({"figures", "fired_figures", "subject"})


def version_lines(versions: Sequence[StoredAlert]) -> tuple[VersionLine, ...]:
    """One line for each, oldest first."""
    lines: list[VersionLine] = []
    before: Alert | None = None
    for number, version in enumerate(versions, 1):
        alert = version.alert
        changes = () if alert is None or before is None else tuple(_changes(before, alert))
        lines.append(
            VersionLine(
                number=number,
                written_at=version.written_at,
                sha256=version.sha256,
                place=version.place,
                sentence="" if alert is None else alert.summary,
                severity=None if alert is None else alert.severity,
                problem=f"withheld: {version.withheld}" if version.withheld else version.problem,
                changes=changes,
            )
        )
        before = alert or before
    return tuple(lines)


def _changes(before: Alert, after: Alert) -> Iterator[VersionChange]:
    one, other = msgspec.to_builtins(before), msgspec.to_builtins(after)
    for name in Alert.__struct_fields__:
        if name in _LEFT_OUT:
            continue
        if name in _BY_NAME:
            for entry in dict.fromkeys((*one[name], *other[name])):
                yield from _change(f"{name}.{entry}", one[name].get(entry), other[name].get(entry))
        else:
            yield from _change(name, one[name], other[name])


def _change(field: str, before: Any, after: Any) -> Iterator[VersionChange]:
    if before != after:
        yield VersionChange(field=field, before=_written(before), after=_written(after))


def _written(value: Any) -> str:
    written = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return written if len(written) <= _MOST else written[: _MOST - 1] + "…"
