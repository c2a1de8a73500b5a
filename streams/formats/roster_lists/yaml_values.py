"""A YAML document as plain values, from its events: bounded in size, depth and number, without aliases or tags.

All scalars stay text. So an id keeps its digits, and a handle `no` or `0x12` is no truth value or number.
"""

from typing import Any, Final, TypeAlias

import yaml

__all__ = ["MAX_YAML_BYTES", "UnreadableYamlError", "Value", "yaml_value"]

Value: TypeAlias = "str | list[Value] | dict[str, Value]"

MAX_YAML_BYTES: Final = 8 * 1024 * 1024
"""Congress-legislators' accounts have 0.1 MB."""

_MAX_DEPTH: Final = 32
_MAX_VALUES: Final = 1_000_000
_LOADER: Final = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # libyaml's parser, where the wheel has it


class UnreadableYamlError(ValueError):
    """Why a text is not read, worded to follow its name; `line` from 1."""

    def __init__(self, what: str, line: int | None = None) -> None:
        super().__init__(what)
        self.line = line


def yaml_value(text: bytes) -> Value:
    """The value of the first document; the text is UTF-8. Raises `UnreadableYamlError`."""
    if len(text) > MAX_YAML_BYTES:
        raise UnreadableYamlError(f"is YAML of more than {MAX_YAML_BYTES >> 20} MB")
    open_values: list[_Open] = [_Open([], 0)]
    try:
        for count, event in enumerate(yaml.parse(text, Loader=_LOADER)):
            line = event.start_mark.line + 1 if event.start_mark is not None else None
            if count > _MAX_VALUES:
                raise UnreadableYamlError(f"is YAML of more than {_MAX_VALUES:,} values", line)
            if isinstance(event, yaml.DocumentEndEvent):
                break
            _take(event, open_values, line)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise UnreadableYamlError(f"is no YAML: {error.problem}", None if mark is None else mark.line + 1) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UnreadableYamlError(f"is no YAML: {str(error).splitlines()[0]}") from None
    values = open_values[0].values
    return values[0] if values else ""


class _Open:
    """A list or map whose end has not come, as a flat list of values: in a map keys and values take turns."""

    def __init__(self, values: list[Any], line: int | None) -> None:
        self.values = values
        self.line = line

    def as_map(self) -> dict[str, Value]:
        keys, values = self.values[::2], self.values[1::2]
        if not all(isinstance(key, str) for key in keys):
            raise UnreadableYamlError("has a map whose key is no text", self.line)
        return dict(zip(keys, values, strict=True))


def _take(event: Any, open_values: list[_Open], line: int | None) -> None:
    match event:
        case yaml.AliasEvent():
            raise UnreadableYamlError("uses an alias (*), which is not read: write the value out", line)
        case yaml.ScalarEvent():
            open_values[-1].values.append(event.value)
        case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
            if len(open_values) > _MAX_DEPTH:
                raise UnreadableYamlError(f"is nested deeper than {_MAX_DEPTH} levels", line)
            open_values.append(_Open([], line))
        case yaml.SequenceEndEvent():
            ended = open_values.pop()
            open_values[-1].values.append(ended.values)
        case yaml.MappingEndEvent():
            ended = open_values.pop()
            open_values[-1].values.append(ended.as_map())
        case _:
            pass  # the beginning of the stream and of the document
