"""Reads a mapping file: TOML text in, a mapping or everything that is wrong with it out. Owns its language
(docs/formats.md, "mapped").
"""

import difflib
from collections.abc import Iterable
from typing import Final, cast, get_args

from streams.core.platforms import PLATFORM_NAME
from streams.core.rule_files.rule_problems import RuleProblem, dotted, shown
from streams.core.rule_files.toml_document import Table, UnreadableTomlError, parse_toml
from streams.core.rule_files.toml_lines import KeyPath
from streams.errors import ConfigurationError
from streams.events import AccountEventKind, Precision, SuspensionStatus
from streams.formats.mapped.mapped_times import TIME_WORDS, time_format, zone_named
from streams.formats.mapped.mapping import FIELDS, NEEDED, SKIP, FieldSource, Mapping, Word
from streams.printable import printable

__all__ = ["MAX_MAPPING_BYTES", "MappingError", "parse_mapping"]

MAX_MAPPING_BYTES: Final = 65_536
_MAX_COLUMNS: Final = 20  # of one field
_MAX_VALUES: Final = 500  # of one column
_MAX_TEXT: Final = 512  # characters of a column's name, of a value
_MAX_SEPARATOR: Final = 8
_MAX_PROBLEMS: Final = 20  # more are not looked for

_KEYS: Final = ("description", "platform", "kind", "status", "precision", "zone", "handles_as_ids", "fields")
_KINDS: Final[tuple[str, ...]] = get_args(AccountEventKind)
_STATUSES: Final[tuple[str, ...]] = get_args(SuspensionStatus)
_PRECISIONS: Final[tuple[str, ...]] = get_args(Precision)
_GROUPS: Final = frozenset(name[:at] for name in FIELDS for at, mark in enumerate(name) if mark == ".")


class MappingError(ConfigurationError):
    """A mapping file with problems, each with its line, key and remedy; `origin` is the file as people know it."""

    def __init__(self, origin: str, problems: Iterable[RuleProblem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        count = len(self.problems)
        lines = [f"{printable(origin, _MAX_TEXT)}: {count} {'problem' if count == 1 else 'problems'} in this mapping"]
        lines += [f"  {problem}" for problem in self.problems]
        super().__init__("\n".join(lines), remedy="Correct these lines; docs/formats.md describes mappings.")


class _EnoughError(Exception):
    """So many problems that no more are looked for."""


def parse_mapping(text: str, origin: str) -> Mapping:
    """The mapping of a TOML text. Raises `MappingError` with its problems, 20 at most."""
    try:
        document, lines = parse_toml(text, max_bytes=MAX_MAPPING_BYTES, levels="mappings need four levels at most")
    except UnreadableTomlError as error:
        raise MappingError(origin, [error.problem]) from None
    reading = _Reading(lines)
    try:
        mapping = reading.mapping(document)
    except _EnoughError:
        mapping = None
    if mapping is None or reading.problems:
        raise MappingError(origin, reading.problems)
    return mapping


class _Reading:
    """One pass over a parsed file. What is wrong is left out; the caller refuses the whole file then."""

    def __init__(self, lines: dict[KeyPath, int]) -> None:
        self.problems: list[RuleProblem] = []
        self._lines = lines

    def mapping(self, document: Table) -> Mapping:
        for key in document:
            if key not in _KEYS:
                self._problem((key,), "is no key of a mapping", _one_of(key, _KEYS))
        zone_text = document.get("zone")
        self._zone = zone_named(zone_text) if isinstance(zone_text, str) else None
        if zone_text is not None and self._zone is None:
            self._problem(("zone",), f"{_value(zone_text)} is no zone", 'write "UTC", or an offset such as "+03:00"')
        handles_as_ids = document.get("handles_as_ids", False)
        if not isinstance(handles_as_ids, bool):
            self._problem(("handles_as_ids",), f"{_value(handles_as_ids)} is no truth", "write true or false")
        precision = document.get("precision")
        if precision is not None and precision not in _PRECISIONS:
            self._problem(("precision",), f"{_value(precision)} is no precision", _one_of(precision, _PRECISIONS))
        mapping = Mapping(
            platform=self._word("platform", document, ()),
            kind=self._word("kind", document, (*_KINDS, SKIP)),
            status=self._word("status", document, (*_STATUSES, SKIP)) if "status" in document else Word(),
            precision=cast("Precision | None", precision),
            handles_as_ids=handles_as_ids is True,
            fields=self._fields(document.get("fields")),
        )
        if not self.problems:
            self._check_needs(mapping)
        return mapping

    def _check_needs(self, mapping: Mapping) -> None:
        if not mapping.kinds:
            what = "no value gives an event"
            self._problem(("kind", "values"), what, "write what becomes a post, a retweet or another event")
        for kind in sorted(mapping.kinds):
            for name in NEEDED[cast("AccountEventKind", kind)]:
                if name not in mapping.fields and mapping.stand_in(name) not in mapping.fields:
                    key = tuple(name.split("."))
                    self._problem(("fields", *key), f"a {kind} needs this field", "name its column or path")
        if "suspension" in mapping.kinds and mapping.status == Word():
            self._problem(("status",), "a suspension needs it", _one_of(None, _STATUSES))
        at = mapping.fields.get("at")
        if at is not None and at.time is not None and at.time.is_day and mapping.kinds - {"suspension"}:
            what = "the format has no time of day"
            self._problem(("fields", "at"), what, "only suspensions can be dated by a day: give a column with the time")

    def _word(self, name: str, document: Table, words: tuple[str, ...]) -> Word:
        value = document.get(name)
        if isinstance(value, str) and value != SKIP and self._is_word(value, words):
            return Word(constant=value)
        if not isinstance(value, dict):
            what = "is missing" if value is None else f"{_value(value)} is no {name}"
            words = tuple(word for word in words if word != SKIP)
            self._problem((name,), what, f"{_words(value, words)}, or a table with column and values")
            return Word()
        self._refuse_unknown((name,), value, ("column", "values"))
        columns = self._columns((name,), value.get("column"))
        values = value.get("values", {} if name == "platform" else None)
        if not isinstance(values, dict) or len(values) > _MAX_VALUES:
            what = f"{_value(values)} is no table of at most {_MAX_VALUES} values"
            self._problem((name, "values"), what, "write what each text of the column means")
            return Word()
        for text, word in values.items():
            if not isinstance(word, str) or not self._is_word(word, words):
                self._problem((name, "values", text), f"{_value(word)} is no {name}", _words(word, words))
        return Word(columns=columns, values=cast("dict[str, str]", values))

    def _is_word(self, value: str, words: tuple[str, ...]) -> bool:
        return value in words if words else PLATFORM_NAME.fullmatch(value) is not None

    def _fields(self, value: object) -> dict[str, FieldSource]:
        found: dict[str, FieldSource] = {}
        if not isinstance(value, dict) or not value:
            self._problem(("fields",), "there are no fields", "write [fields] and a line for each field")
            return found
        open_tables: list[tuple[tuple[str, ...], Table]] = [((), value)]
        while open_tables:
            group, table = open_tables.pop()
            for key, spec in table.items():
                path = (*group, key)
                name = ".".join(path)
                if name in FIELDS:
                    if (source := self._source(name, ("fields", *path), spec)) is not None:
                        found[name] = source
                elif name in _GROUPS and isinstance(spec, dict):
                    open_tables.append((path, spec))
                else:
                    self._problem(("fields", *path), "is no field", _one_of(name, tuple(FIELDS)))
        return found

    def _source(self, name: str, path: KeyPath, spec: object) -> FieldSource | None:
        options = spec if isinstance(spec, dict) else {"column": spec}
        is_time, is_list = FIELDS[name] == "time", FIELDS[name] == "list"
        known = ("column", *(("format",) if is_time else ()), *(("separator",) if is_list else ()))
        self._refuse_unknown(path, options, known)
        columns = self._columns(path, options.get("column"))
        separator = options.get("separator", ",")
        if not isinstance(separator, str) or not 0 < len(separator) <= _MAX_SEPARATOR:
            what = f"{_value(separator)} is no separator"
            self._problem((*path, "separator"), what, f"write 1 to {_MAX_SEPARATOR} characters")
            return None
        if not is_time:
            return FieldSource(columns=columns, separator=separator)
        written = options.get("format", "iso")
        time = time_format(written, self._zone) if isinstance(written, str) else None
        if time is None:
            self._problem((*path, "format"), f"{_value(written)} is no form of a time", f"write {TIME_WORDS}")
        elif time.needs_zone:
            self._problem((*path, "format"), "the times have no zone", 'add %z to it, or zone = "UTC" to the mapping')
        return FieldSource(columns=columns, time=time)

    def _columns(self, path: KeyPath, value: object) -> tuple[str, ...]:
        columns = tuple(value) if isinstance(value, list) else (value,)
        is_sound = 0 < len(columns) <= _MAX_COLUMNS
        if not is_sound or not all(isinstance(each, str) and 0 < len(each) <= _MAX_TEXT for each in columns):
            what = "names no column" if value is None else f"{_value(value)} is no column"
            self._problem(path, what, f"write a column or path in quotes, or a list of at most {_MAX_COLUMNS}")
            return ()
        return cast("tuple[str, ...]", columns)

    def _refuse_unknown(self, path: KeyPath, table: Table, known: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                self._problem((*path, key), "is no key here", _one_of(key, known))

    def _problem(self, path: KeyPath, message: str, remedy: str) -> None:
        line = next((self._lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self._lines), None)
        self.problems.append(RuleProblem(line=line, key=dotted(path), message=message, remedy=remedy))
        if len(self.problems) == _MAX_PROBLEMS:
            raise _EnoughError


def _value(value: object) -> str:
    """What stands there, short: lists and tables by what they are, since they may be deep."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    return "nothing" if value is None else printable(str(value), 40)


def _words(value: object, words: tuple[str, ...]) -> str:
    return _one_of(value, words) if words else 'write a name in small letters, such as "twitter"'


def _one_of(value: object, words: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(value[:64], words, 1) if isinstance(value, str) else []
    return f"did you mean {close[0]}?" if close else f"write one of {', '.join(words)}"
