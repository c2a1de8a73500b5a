"""The accounts of one entry of a list, each as a row of a roster, with all that is missing or wrong in it."""

import re
from typing import Final, Literal

import msgspec
from msgspec import Struct

from streams.core.country_names import country_code
from streams.core.officials import CATEGORIES
from streams.core.rosters.roster_row import Row
from streams.formats.roster_lists.import_options import ImportOptions
from streams.formats.roster_lists.list_cells import (
    AmbiguousDayError,
    CellAccount,
    account_id_in,
    accounts_in,
    bound_in,
    category_in,
    is_empty,
    platform_in,
)
from streams.formats.roster_lists.list_columns import Meaning, Role, meaning_of
from streams.formats.roster_lists.list_sites import sites_in
from streams.formats.roster_lists.listed import CellError, Listed, cell
from streams.printable import printable

__all__ = ["ListedAccount", "accounts_of"]

_MAX_NAME: Final = 1_024  # characters, as on a roster
_NOT_IN_NAMES: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\\s]+")
_THING: Final = re.compile(r"(?:https?://www\.wikidata\.org/(?:entity|wiki)/)?(Q[1-9][0-9]*)")
_LAST_OF_PROFILES: Final = 4  # rank of the columns whose names say that an address is the account's own profile
_ADDRESS: Final = re.compile(r"https?://[^\s;,|<>\"]+")
_OWN_COLUMNS: Final = frozenset({"platform", "account_id", "category"})  # beside `state`, as it once was called


class ListedAccount(Struct, frozen=True):
    """An account of an entry: its row, and what is wrong with it. There is no row on a platform that is not asked for,
    and neither row nor platform where the account itself cannot be told.
    """

    platform: str
    row: Row = msgspec.field(default_factory=dict)
    errors: tuple[CellError, ...] = ()


class _Cells:
    """The cells of an entry that say something, by what they are about; the best name of a column first."""

    def __init__(self, entry: Listed) -> None:
        self._of: dict[Role, list[tuple[Meaning, str]]] = {}
        for name, text in entry.cells.items():
            meaning = meaning_of(name)
            if meaning is not None and not is_empty(text):
                self._of.setdefault(meaning.role, []).append((meaning, text))
        for cells in self._of.values():
            cells.sort(key=lambda each: each[0].rank)
        self.is_own = entry.cells.keys() >= _OWN_COLUMNS

    def all(self, role: Role) -> list[tuple[Meaning, str]]:
        return self._of.get(role, [])

    def first(self, *roles: Role) -> str:
        """The first that is there, of the first role that there is."""
        return next((text for role in roles for _, text in self.all(role)), "")


def accounts_of(entry: Listed, options: ImportOptions, *, bare_ids: bool) -> list[ListedAccount]:
    """The accounts that an entry names. `bare_ids`: whether a column that is only called `id` has ids of accounts.
    Raises `AmbiguousDayError`.
    """
    cells = _Cells(entry)
    named = _Names(cells, options, bare_ids=bare_ids)
    passed_over = [ListedAccount(platform) for platform in dict.fromkeys(named.passed_over)]
    wanted = [account for account in named.accounts if account.platform in options.taken]
    passed_over += [ListedAccount(account.platform) for account in named.accounts if account not in wanted]
    if not wanted and not named.errors:
        return passed_over
    facts, errors = _facts(cells, options, is_of_wikidata=any(map(_THING.fullmatch, entry.cells.values())))
    unpublished = [ListedAccount("", errors=(error, *errors)) for error in named.errors]
    return passed_over + unpublished + [ListedAccount(each.platform, _row(each, facts), errors) for each in wanted]


def _row(account: CellAccount, facts: Row) -> Row:
    return {"platform": account.platform, "account_id": account.account_id, "handle": account.handle, **facts}


class _Names:
    """The accounts that the cells of an entry name, each once; handles and an id of one platform are one account."""

    def __init__(self, cells: _Cells, options: ImportOptions, *, bare_ids: bool) -> None:
        self.accounts: list[CellAccount] = []
        self.errors: list[CellError] = []
        self.passed_over: list[str] = []
        self._options = options
        platform_text = cells.first("platform")
        self._platform = platform_in(platform_text) if platform_text else options.platform
        handles = self._handles(cells)
        ids = {} if options.without_ids else self._ids(cells, handles, bare_ids=bare_ids)
        for platform in dict.fromkeys([*handles, *ids]):
            self._combine(platform, handles.get(platform, []), ids.get(platform, ""))

    def _handles(self, cells: _Cells) -> dict[str, list[CellAccount]]:
        found: dict[str, list[CellAccount]] = {}
        generic = [each for each in cells.all("handle") if each[0].platform is None]
        of_platforms = [each for each in cells.all("handle") if each[0].platform is not None]
        for meaning, text in [*generic[:1], *of_platforms]:
            if meaning.platform is not None and meaning.platform not in self._options.taken:
                self.passed_over.append(meaning.platform)
                continue
            try:
                self._add(accounts_in(text, meaning.platform or self._platform), found)
            except CellError as error:
                self.errors.append(error)
        for meaning, text in cells.all("link"):
            if (linked := linked_accounts(text)) and linked[0].platform not in found:
                self._add(linked, found)
            elif linked and meaning.rank <= _LAST_OF_PROFILES and not _are_of(linked, found[linked[0].platform]):
                self.errors.append(_another_account(text))
                del found[linked[0].platform]  # the entry is refused whole
        return found

    @staticmethod
    def _add(accounts: list[CellAccount], found: dict[str, list[CellAccount]]) -> None:
        for account in accounts:
            known = found.setdefault(account.platform, [])
            if all(
                (each.handle.lower(), each.account_id) != (account.handle.lower(), account.account_id) for each in known
            ):
                known.append(account)

    def _ids(self, cells: _Cells, handles: dict[str, list[CellAccount]], *, bare_ids: bool) -> dict[str, str]:
        found: dict[str, str] = {}
        generic = [each for each in cells.all("account_id") if each[0].platform is None]
        if bare_ids and not generic:
            generic = cells.all("bare_id")
        for meaning, text in [
            *generic[:1],
            *(each for each in cells.all("account_id") if each[0].platform is not None),
        ]:
            platform = meaning.platform or self._platform or (next(iter(handles)) if len(handles) == 1 else None)
            if platform is None:
                what = f"{cell(text)} is an id of no known platform"
                self.errors.append(CellError("platform", what, "say which, as --platform twitter"))
            elif platform not in self._options.taken:
                self.passed_over.append(platform)
            else:
                try:
                    found.setdefault(platform, account_id_in(text, platform))
                except CellError as error:
                    self.errors.append(error)
                    handles.pop(platform, None)  # the entry is refused whole
        return found

    def _combine(self, platform: str, handles: list[CellAccount], account_id: str) -> None:
        if not account_id:
            self.accounts += handles
        elif len(handles) > 1:
            what = f"{len(handles):,} handles beside one id, {cell(account_id)}"
            self.errors.append(CellError("handle", what, "write one line for each account, with its own id"))
        else:
            self.accounts.append(CellAccount(platform, account_id, handles[0].handle if handles else ""))


def _are_of(linked: list[CellAccount], known: list[CellAccount]) -> bool:
    handles = {account.handle.lower() for account in known if account.handle}
    return not handles or all(not account.handle or account.handle.lower() in handles for account in linked)


def _another_account(address: str) -> CellError:
    what = f"the profile {cell(address)} is another account than the handle of this row"
    return CellError("handle", what, "keep the one that is right; is a column shifted by a row?")


def linked_accounts(text: str) -> list[CellAccount]:
    """The accounts whose profiles a cell of addresses leads to; none where it leads elsewhere."""
    try:
        return accounts_in(text, None) if "/" in text else []
    except CellError:
        return []


def _facts(cells: _Cells, options: ImportOptions, *, is_of_wikidata: bool) -> tuple[Row, tuple[CellError, ...]]:
    """What an entry says of all its accounts, and what is missing or wrong in that."""
    errors: list[CellError] = []
    facts: Row = {"name": _name(cells)}
    for column, take in (("country", _country), ("category", _category), ("source_url", _source_url)):
        try:
            facts[column] = take(cells, options)
        except CellError as error:
            errors.append(error)
    bounds: tuple[Literal["valid_from", "valid_to"], ...] = ("valid_from", "valid_to")
    for bound in bounds:
        meaning, text = next(iter(cells.all(bound)), (None, ""))
        order = meaning.order if meaning is not None and meaning.order is not None else options.dates
        try:
            facts[bound] = bound_in(text, bound, order, midnight_is_day=is_of_wikidata)
        except AmbiguousDayError:
            raise
        except CellError as error:
            errors.append(error)
    facts["domains"] = " ".join(_sites(cells))
    return facts, tuple(errors)


def _name(cells: _Cells) -> str:
    things = [text for _, text in cells.all("item") if not _THING.fullmatch(text)]
    name = cells.first("name") or next(iter(things), "") or cells.first("company")
    return _NOT_IN_NAMES.sub(" ", name).strip()[:_MAX_NAME].strip()


def _country(cells: _Cells, options: ImportOptions) -> str:
    text = cells.first("country") or (cells.first("former_country") if cells.is_own else "") or options.country
    if not text:
        raise CellError("country", "no State", "say which, as --country FR")
    code = options.countries.get(text.strip().lower()) or country_code(text.strip())
    if code is None:
        remedy = f'say which it is, as --country "{printable(text, 40)}=FR"'
        raise CellError("country", f"unknown State {cell(text)}", remedy)
    return code


def _category(cells: _Cells, options: ImportOptions) -> str:
    text = cells.first("category") or options.category
    if not text:
        raise CellError("category", "no category", f"say which, as --category diplomat: {', '.join(CATEGORIES)}")
    known = options.categories.get(text.strip().lower()) or category_in(text)
    if known is None:
        what = f"unknown category {cell(text)}"
        raise CellError("category", what, f'say which, as --category "{printable(text, 40)}=state_media"')
    return known


def _source_url(cells: _Cells, options: ImportOptions) -> str:
    said = cells.first("source_url")
    if found := _ADDRESS.match(said):
        return found[0]
    if options.source_url:
        return options.source_url
    for _, text in cells.all("item"):
        if thing := _THING.fullmatch(text):
            return f"https://www.wikidata.org/wiki/{thing[1]}"
    for _, text in cells.all("link"):
        if not linked_accounts(text) and (found := _ADDRESS.fullmatch(text)):
            return found[0]
    what = f"{cell(said)} is no web address" if said else "no source"
    raise CellError("source_url", what, "name a public page that says so, as --source https://example.org/list")


def _sites(cells: _Cells) -> tuple[str, ...]:
    texts = [text for _, text in cells.all("domains")]
    if cells.all("company"):  # of a list of media, whose address is the medium's
        texts += [text for _, text in cells.all("link") if not linked_accounts(text)]
    return sites_in(" ".join(texts))
