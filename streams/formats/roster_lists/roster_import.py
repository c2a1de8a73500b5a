"""A roster from the entries of a list: what its columns and the options say, and everything that was not taken."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import islice
from typing import Final

from msgspec import Struct

from streams.core.rosters.roster_file import COLUMNS, parse_roster
from streams.core.rosters.roster_problems import Problems
from streams.core.rosters.roster_row import Row, check_row
from streams.core.rounded_ids import IdEvidence, is_long
from streams.errors import InputError
from streams.formats.roster_lists.import_options import ImportOptions
from streams.formats.roster_lists.list_cells import AmbiguousDayError, is_empty
from streams.formats.roster_lists.list_columns import Role, meaning_of
from streams.formats.roster_lists.list_entries import ListedAccount, accounts_of
from streams.formats.roster_lists.listed import CellError, Guessed, Listed, Untaken
from streams.formats.roster_lists.one_account_once import Placed, deduplicate
from streams.printable import printable

__all__ = ["Imported", "import_roster", "roster_csv"]

_MAX_ENTRIES: Final = 250_000
_KEPT_UNTAKEN: Final = 1_000  # more are counted
_A_GOOD_PART: Final = 10  # of a hundred accounts
_SHOWN_COLUMNS: Final = 8
_MOST_COLUMNS: Final = 100  # columns
_SHORTEST_ID: Final = 5  # characters
_OF_ACCOUNTS: Final[frozenset[Role]] = frozenset({"handle", "account_id", "bare_id", "link"})


class Imported(Struct, frozen=True, kw_only=True):
    """What became of a list. `untaken` are the first 1,000 things that no roster gets, `untaken_by_column` counts all;
    `not_taken` are the accounts and unreadable entries among them, each once. `passed_over` was not asked for.
    `columns` says as what the list's columns were read, up to 100; `guessed` are encodings that nothing in it states.
    """

    columns: dict[str, Role]
    guessed: tuple[str, ...]
    rows: tuple[Row, ...]
    entries: int
    repeated: int
    not_taken: int
    untaken: tuple[Untaken, ...]
    untaken_by_column: dict[str, int]
    passed_over: dict[str, int]

    @property
    def is_good(self) -> bool:
        """Whether something was taken, and more than nine in ten of what there was to take."""
        of_all = len(self.rows) + self.repeated + self.not_taken
        return bool(self.rows) and self.not_taken * 100 <= _A_GOOD_PART * of_all


def import_roster(found: Iterable[Listed | Untaken | Guessed], options: ImportOptions, origin: str) -> Imported:
    """The roster of a list. Raises `InputError` where the columns hold no accounts, where a day may be two, and for
    more than 250,000 entries.
    """
    log = _Log()
    entries: list[Listed] = []
    guessed: set[str] = set()
    for item in found:
        if isinstance(item, Guessed):
            guessed.add(item.encoding)
        elif isinstance(item, Untaken):
            log.say(item)
        elif len(entries) >= _MAX_ENTRIES:
            raise InputError(f"{printable(origin)} has more than {_MAX_ENTRIES:,} entries.", remedy="Split the list.")
        else:
            entries.append(item)
    columns = _columns(entries)
    roles = set(columns.values())
    if entries and roles.isdisjoint(_OF_ACCOUNTS):
        raise _no_accounts(entries, origin)
    bare_ids = "account_id" not in roles and _has_bare_ids(entries)
    placed = [each for entry in entries for each in _placed(entry, options, log, bare_ids=bare_ids, origin=origin)]
    placed = _with_whole_ids(placed, log)
    deduplicated = deduplicate(placed)
    for contrary in deduplicated.contrary:
        log.say(contrary)
    return Imported(
        columns=dict(
            islice(((name, role) for name, role in columns.items() if not _of_others(name, options)), _MOST_COLUMNS)
        ),
        rows=tuple(each.row for each in deduplicated.kept),
        guessed=tuple(sorted(guessed)),
        entries=len(entries),
        repeated=deduplicated.repeated,
        not_taken=log.not_taken,
        untaken=tuple(log.kept),
        untaken_by_column=dict(log.by_column.most_common()),
        passed_over=dict(log.passed_over.most_common()),
    )


def roster_csv(rows: Sequence[Row], origin: str) -> bytes:
    """The roster as its CSV, which `antiphon roster check` passes. Raises `RosterError` where it is too large."""
    columns = [*COLUMNS, "domains"] if any(row["domains"] for row in rows) else COLUMNS
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([row[column] for column in columns] for row in rows)
    data = text.getvalue().encode()
    parse_roster(data, origin)
    return data


class _Log:
    def __init__(self) -> None:
        self.kept: list[Untaken] = []
        self.by_column: Counter[str] = Counter()
        self.passed_over: Counter[str] = Counter()
        self.not_taken = 0

    def say(self, *untaken: Untaken) -> None:
        """One account or entry that is not taken, for all these reasons."""
        self.not_taken += 1
        for each in untaken:
            self.by_column[each.column] += 1
            if len(self.kept) < _KEPT_UNTAKEN:
                self.kept.append(each)


def _columns(entries: Sequence[Listed]) -> dict[str, Role]:
    names = dict.fromkeys(name for entry in entries for name in entry.cells)
    return {name: meaning.role for name in names if (meaning := meaning_of(name)) is not None}


def _of_others(name: str, options: ImportOptions) -> bool:
    meaning = meaning_of(name)
    return meaning is not None and meaning.platform is not None and meaning.platform not in options.taken


def _has_bare_ids(entries: Sequence[Listed]) -> bool:
    """Whether a column that is only called `id` has ids of accounts: numbers of rows are short, ids of X are long. It
    has none beside columns of several platforms.
    """
    seen = False
    for entry in entries:
        for name, text in entry.cells.items():
            meaning = meaning_of(name)
            if meaning is not None and meaning.platform is not None:
                return False
            if meaning is not None and meaning.role == "bare_id" and not is_empty(text):
                seen = True
                if len(text.strip()) < _SHORTEST_ID or "/" in text:
                    return False
    return seen


def _no_accounts(entries: Sequence[Listed], origin: str) -> InputError:
    names = list(dict.fromkeys(name for entry in entries[:_SHOWN_COLUMNS] for name in entry.cells))
    shown = ", ".join(printable(name, 30) for name in names[:_SHOWN_COLUMNS])
    more = ", …" if len(names) > _SHOWN_COLUMNS else ""
    return InputError(
        f"{printable(origin)} has no column of accounts; it has: {shown}{more}.",
        remedy="Name the column handle, account_id, twitter, twitter_id, telegram, bluesky or profile_url.",
    )


def _placed(entry: Listed, options: ImportOptions, log: _Log, *, bare_ids: bool, origin: str) -> Iterator[Placed]:
    try:
        accounts = accounts_of(entry, options, bare_ids=bare_ids)
    except AmbiguousDayError as error:
        raise InputError(
            f"{printable(origin)}, {entry.place}, {error.column}: {error.what}.", remedy=error.remedy
        ) from None
    if not accounts:
        log.passed_over["entries without an account"] += 1
    for account in accounts:
        if not account.row and not account.errors:
            log.passed_over[f"accounts of {printable(account.platform, 32)}"] += 1
        elif wrong := _wrong(account):
            log.say(*(error.at(entry.place) for error in wrong))
        else:
            yield Placed(entry.place, account.row)


def _wrong(account: ListedAccount) -> list[CellError]:
    wrong = list(account.errors)
    problems = Problems()
    check_row(1, account.row, problems)
    if problems:
        wrong += [CellError(each.column or "", each.what, each.remedy) for each in problems.error("").problems]
    return wrong


def _with_whole_ids(placed: list[Placed], log: _Log) -> list[Placed]:
    """Without those with long ids where these, judged all together, were rounded."""
    ids = IdEvidence()
    for each in placed:
        if each.row["platform"] == "twitter":
            ids.add_text(each.row["account_id"])
    if ids.verdict != "rounded":
        return placed
    whole: list[Placed] = []
    for each in placed:
        number = each.row["account_id"]
        if each.row["platform"] == "twitter" and number.isdigit() and is_long(int(number)):
            what = f"{number} is, like the other long ids, what a spreadsheet or floating point leaves of an id"
            log.say(Untaken(each.place, "account_id", what, "export ids as text, or --without-ids"))
        else:
            whole.append(each)
    return whole
