"""What one line of a roster must be, column by column."""

import re
from typing import Final, Literal, TypeAlias, cast
from urllib.parse import urlsplit

from streams.core.countries import COUNTRIES
from streams.core.country_names import country_code
from streams.core.officials import CATEGORIES, Category
from streams.core.platforms import ALIASES, PLATFORM_NAME, Names, names_of, written_handle
from streams.core.rosters.hosts import MAX_HOST, host_name, link_host
from streams.core.rosters.roster import MAX_DOMAINS, RosterEntry
from streams.core.rosters.roster_dates import is_not_ended, parse_bound_us
from streams.core.rosters.roster_problems import Problems, shown

__all__ = ["COLUMNS", "OPTIONAL_COLUMNS", "Row", "bound_us", "check_row", "identity", "row_entry"]

COLUMNS: Final = (
    "platform",
    "account_id",
    "handle",
    "name",
    "country",
    "category",
    "source_url",
    "valid_from",
    "valid_to",
)
OPTIONAL_COLUMNS: Final = ("domains",)
"""Columns that a roster may leave out."""

Row: TypeAlias = dict[str, str]
"""The fields of a line by column; a column that the header lacks is not there."""

_IDENTITY: Final = ("platform", "account_id", "handle", "valid_from", "valid_to")
_MAX_FIELD: Final = 1_024  # characters
_MAX_ID: Final = 256  # characters, as in a canonical event
_MAX_LIST: Final = MAX_DOMAINS * (MAX_HOST + 1)  # characters of all domains of a line with what parts them
_BETWEEN_DOMAINS: Final = re.compile("[ ;]+")

# Control characters, line and paragraph separators, and the marks that turn the direction of what follows. Joiners
# (U+200C, U+200D) are part of Persian and Indic spelling and stay.
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
_SPREADSHEET_NUMBER: Final = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]+")
_PREFIXED_ID: Final = re.compile("[A-Za-z]{1,4}_?[0-9]{5,}")  # such as ID_123456, against spreadsheets
_NULLS: Final = frozenset({"none", "null", "nan", "na", "n/a", "-", "undefined", "#n/a"})
_SEVERAL: Final = re.compile(r"[,;|+&/\s]")


def check_row(line: int, row: Row, problems: Problems) -> None:
    """Say everything that is wrong with the fields of one line."""
    for column, value in row.items():
        longest = _MAX_LIST if column == "domains" else _MAX_FIELD
        if len(value) > longest:
            problems.say(line, column, f"longer than {longest:,} characters", "shorten the field")
        elif bad := _CONTROL.search(value):
            problems.say(line, column, f"a control character, U+{ord(bad[0]):04X}", "remove the character")
        elif column in _CHECKS:
            _CHECKS[column](line, value, problems)
        elif column in _CHECKS_BY_PLATFORM:
            _CHECKS_BY_PLATFORM[column](line, value, row.get("platform", ""), problems)
    if row.get("account_id") == "" and row.get("handle") == "":
        problems.say(line, None, "neither an account_id nor a handle", "give at least one of the two")
    if _ends_before_it_begins(row):
        problems.say(line, "valid_to", "the validity ends before it begins", "put the later date under valid_to")


def identity(line: int, row: Row) -> Row | None:
    """Whose line it is and when, or `None` where just that cannot be told; the rest of the line may be wrong."""
    problems = Problems()
    known: Row = {column: row[column] for column in _IDENTITY if column in row}
    check_row(line, known, problems)
    return known if len(known) == len(_IDENTITY) and not problems else None


def row_entry(row: Row) -> RosterEntry:
    """The entry of a line with nothing wrong in it."""
    return RosterEntry(
        platform=row["platform"],
        account_id=row["account_id"] or None,
        handle=written_handle(row["handle"], row["platform"]) or None,
        name=row["name"] or None,
        country=row["country"],
        category=cast("Category", row["category"]),
        source_url=row["source_url"],
        valid_from_us=bound_us(row, "valid_from"),
        valid_to_us=bound_us(row, "valid_to"),
        domains=tuple(sorted({host_name(domain) or "" for domain in _split(row.get("domains", ""))})),
    )


def bound_us(row: Row, column: Literal["valid_from", "valid_to"]) -> int | None:
    """The bound (µs) that a field sets, `None` where it is empty. Raises `ValueError` for what is no date."""
    text = row.get(column)
    return parse_bound_us(text, last=column == "valid_to") if text else None


def _platform(line: int, platform: str, problems: Problems) -> None:
    if (usual := ALIASES.get(platform.lower())) is not None:
        problems.say(line, "platform", f"{shown(platform)} is called {usual} in events", f"write {usual}")
    elif not PLATFORM_NAME.fullmatch(platform):
        what = f"{shown(platform)} is no name of a platform" if platform else "no platform"
        problems.say(line, "platform", what, "write a lower-case name such as twitter")


def _account_id(line: int, account_id: str, platform: str, problems: Problems) -> None:
    names = names_of(platform)
    if not account_id:
        return
    if account_id.startswith("@") or (names is not None and _is_handle_instead(account_id, names)):
        problems.say(line, "account_id", f"{shown(account_id)} is a handle", "put it under handle")
    elif _SPREADSHEET_NUMBER.fullmatch(account_id):
        what = f"{shown(account_id)} is what a spreadsheet leaves of a long number"
        problems.say(line, "account_id", what, "format the column as text and enter the whole id again")
    elif account_id.lower() in _NULLS:
        problems.say(line, "account_id", f"{shown(account_id)} is no id", "leave the field empty where no id is known")
    elif len(account_id) > _MAX_ID or not _is_word(account_id):
        what = f"{shown(account_id)} is no id: at most {_MAX_ID} visible characters without spaces"
        problems.say(line, "account_id", what, "write the id as the platform gives it")
    elif names is not None and not names.id.fullmatch(account_id):
        what = f"{shown(account_id)} is no id: {names.id_words}"
        problems.say(line, "account_id", what, "write the id as the platform gives it, and nothing else in the field")


def _is_handle_instead(text: str, names: Names) -> bool:
    if names.id.fullmatch(text) or text.isdigit() or text.lower() in _NULLS or _PREFIXED_ID.fullmatch(text):
        return False
    return names.handle.fullmatch(text) is not None


def _handle(line: int, handle: str, platform: str, problems: Problems) -> None:
    bare = written_handle(handle, platform)
    names = names_of(platform)
    if not handle:
        return
    if handle.lower() in _NULLS - {"na"}:
        problems.say(line, "handle", f"{shown(handle)} is no handle", "leave the field empty where no handle is known")
    elif len(parts := [part for part in _SEVERAL.split(handle) if part]) > 1 and _has_more(handle, bare):
        signed = [written_handle(part, platform) for part in parts]
        several = names is None or all(map(names.handle.fullmatch, signed))
        what = f"{shown(handle)} is more than {'one' if several else 'a'} handle"
        remedy = "write one line for each handle" if several else "write the handle alone, and notes under name"
        problems.say(line, "handle", what, remedy)
    elif not bare or not _is_word(bare):
        what = f"{shown(handle)} is no handle"
        problems.say(line, "handle", what, "write it without spaces, as the platform shows it")
    elif names is not None and not names.handle.fullmatch(bare):
        problems.say(line, "handle", f"{shown(handle)} is no handle: {names.handle_words}", "write one handle alone")


def _has_more(handle: str, bare: str) -> bool:
    # An address has signs of its own; a handle with a server behind it (@a@b.c) is one.
    return "://" not in handle and (bare == handle or not _is_word(bare))


def _country(line: int, country: str, problems: Problems) -> None:
    if country not in COUNTRIES:
        code = country_code(country.strip())
        remedy = (
            f"write {code}"
            if code is not None
            else "write the ISO 3166-1 alpha-2 code, such as FR; XK for Kosovo, EU or UN for their own bodies"
        )
        problems.say(line, "country", f"unknown State {shown(country)}" if country else "no State", remedy)


def _category(line: int, category: str, problems: Problems) -> None:
    if category not in CATEGORIES:
        what = f"unknown category {shown(category)}" if category else "no category"
        problems.say(line, "category", what, f"write one of {', '.join(CATEGORIES)}")


def _source_url(line: int, source_url: str, problems: Problems) -> None:
    if not source_url:
        problems.say(line, "source_url", "no source", "name a public page that says the account is official")
        return
    try:
        parts = urlsplit(source_url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and _is_word(source_url)
    except ValueError:  # such as a bracket that is never closed
        good = False
    if not good:
        what = f"{shown(source_url)} is no web address"
        problems.say(line, "source_url", what, "give one address that begins with https:// or http://")


def _valid_from(line: int, text: str, problems: Problems) -> None:
    _bound(line, "valid_from", text, problems)


def _valid_to(line: int, text: str, problems: Problems) -> None:
    _bound(line, "valid_to", text, problems)


def _bound(line: int, column: Literal["valid_from", "valid_to"], text: str, problems: Problems) -> None:
    try:
        bound_us({column: text}, column)
    except ValueError as error:
        remedy = "write a day such as 2021-01-21, or a time such as 2021-01-21T12:00:00Z"
        if text.lower() in _NULLS or (column == "valid_to" and is_not_ended(text)):
            remedy = "leave the field empty where there is no bound"
        problems.say(line, column, f"{shown(text)} {error}", remedy)


def _domains(line: int, text: str, problems: Problems) -> None:
    domains = _split(text)
    if len(domains) > MAX_DOMAINS:
        what = f"{len(domains):,} domains where {MAX_DOMAINS} are allowed"
        problems.say(line, "domains", what, "name the domain above them: it stands for all hosts below it")
        return
    for domain in domains:
        name = host_name(domain)
        # An international name may be written either way; anything else has one form.
        if name is None or (domain.isascii() and name != domain) or domain != domain.lower():
            known = name or link_host(domain)
            remedy = f"write {known}" if known else "write host names such as khamenei.ir, with spaces between them"
            problems.say(line, "domains", f"{shown(domain)} is no host name in lower case", remedy)


def _split(domains: str) -> list[str]:
    return [domain for domain in _BETWEEN_DOMAINS.split(domains) if domain]


_CHECKS: Final = {
    "platform": _platform,
    "country": _country,
    "category": _category,
    "source_url": _source_url,
    "valid_from": _valid_from,
    "valid_to": _valid_to,
    "domains": _domains,
}
# What an id or a handle looks like is the platform's word.
_CHECKS_BY_PLATFORM: Final = {"account_id": _account_id, "handle": _handle}


def _ends_before_it_begins(row: Row) -> bool:
    try:
        from_us, to_us = bound_us(row, "valid_from"), bound_us(row, "valid_to")
    except ValueError:  # said already
        return False
    return from_us is not None and to_us is not None and from_us >= to_us


def _is_word(value: str) -> bool:
    return value.isprintable() and " " not in value
