"""`antiphon roster import`: a roster from a list as people have it."""

import os
from collections.abc import Callable, Iterable
from typing import Final

import click
from rich.text import Text

from streams.cli.options import json_option
from streams.cli.terminal import counted, row, stderr, table, write_json
from streams.core.country_names import country_code
from streams.core.officials import CATEGORIES
from streams.core.rosters.roster_problems import Problems
from streams.core.rosters.roster_row import check_row
from streams.errors import InputError
from streams.formats.fields.written_times import DayOrder
from streams.formats.roster_lists.import_options import READ_PLATFORMS, ImportOptions
from streams.formats.roster_lists.list_cells import platform_in
from streams.formats.roster_lists.list_files import read_list
from streams.formats.roster_lists.listed import Untaken
from streams.formats.roster_lists.roster_import import Imported, import_roster, roster_csv
from streams.printable import printable

__all__ = ["import_list"]

_EXAMPLES: Final = 3  # for each column; --json has the first 1,000
_COLUMNS: Final = 12
_DAY_ORDERS: Final[dict[str, DayOrder]] = {"dmy": "day first", "mdy": "month first"}


@click.command("import")
@click.argument("file")
@click.option(
    "--platform",
    "platforms",
    multiple=True,
    metavar="P",
    help="Take accounts of P; more than once for several. One alone is also that of handles that name none. "
    f"[{', '.join(READ_PLATFORMS)}]",
)
@click.option(
    "--country",
    "countries",
    multiple=True,
    metavar="C",
    help='Country of entries that say none, or "Word=C": what a word of the list means.',
)
@click.option(
    "--category",
    "categories",
    multiple=True,
    metavar="C",
    help=f'Category of entries that say none, or "Word=C": {", ".join(CATEGORIES)}.',
)
@click.option("--source", "source_url", default="", metavar="URL", help="Source of entries that say none.")
@click.option(
    "--dates",
    type=click.Choice(tuple(_DAY_ORDERS)),
    help="Whether 03/04/2020 is day/month/year or month/day/year. Nothing is guessed.",
)
@click.option("--without-ids", is_flag=True, help="Take entries by handle alone, where a spreadsheet damaged the ids.")
@click.option("--out", metavar="CSV", help="Write the roster there. [standard output]")
@click.option("--force", is_flag=True, help="Overwrite CSV.")
@json_option
@click.pass_context
def import_list(
    ctx: click.Context,
    file: str,
    platforms: tuple[str, ...],
    countries: tuple[str, ...],
    categories: tuple[str, ...],
    source_url: str,
    dates: str | None,
    without_ids: bool,
    out: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Make a roster (CSV) of a list of officials as people have it.

    FILE is a table (CSV or TSV, also Excel's), JSON (such as Wikidata's results of a query), YAML (such as
    congress-legislators) or a list of handles, one a line. Handles may be @handles or addresses of profiles. What
    cannot be taken is named on standard error, with the reason and what to do.

    Exit status 1 if nothing was taken, or less than nine tenths. With --json the report is printed instead of the
    roster, which goes to --out.

    \b
    Examples:
      antiphon roster import handles.txt --platform twitter --country RU --category diplomat \\
          --source https://example.org/list --out roster.csv
      antiphon roster import State_Media_Matrix.csv --category ISFM=state_media --source https://example.org/matrix
      antiphon roster import excel.csv --dates dmy --category "Botschaft=diplomat" --json
    """
    options = ImportOptions(
        platforms=tuple(_checked("platform", platform_in(name)) for name in platforms),
        country=_alone(countries, _country, "--country"),
        countries=dict(_words(countries, _country)),
        category=_alone(categories, _category, "--category"),
        categories=dict(_words(categories, _category)),
        source_url=_checked("source_url", source_url) if source_url else "",
        dates=None if dates is None else _DAY_ORDERS[dates],
        without_ids=without_ids,
    )
    if out is not None:
        _check_target(file, out, force=force)
    imported = import_roster(read_list(file), options, file)
    if imported.rows:
        _write(roster_csv(imported.rows, file), out, force=force, as_json=as_json)
    if as_json:
        write_json({"file": printable(file), "out": out, **_described(imported)})
    else:
        _print_report(file, out, imported)
    if not imported.is_good:
        ctx.exit(1)


def _country(text: str) -> str:
    code = country_code(text)
    if code is None:
        raise click.UsageError(f"unknown State {text!r}; write the ISO 3166-1 alpha-2 code, such as FR")
    return code


def _category(text: str) -> str:
    return _checked("category", text)


def _checked(column: str, value: str) -> str:
    problems = Problems()
    check_row(1, {column: value}, problems)
    if problems:
        problem = problems.error("").problems[0]
        raise click.UsageError(f"{problem.what}; {problem.remedy}")
    return value


def _alone(values: Iterable[str], check: Callable[[str], str], option: str) -> str:
    alone = [check(value) for value in values if "=" not in value]
    if len(alone) > 1:
        raise click.UsageError(f'{option} is given {len(alone)} times; "Word={alone[0]}" says what a word means')
    return alone[0] if alone else ""


def _words(values: Iterable[str], check: Callable[[str], str]) -> Iterable[tuple[str, str]]:
    for value in values:
        word, sign, meaning = value.rpartition("=")
        if sign:
            yield word.strip().lower(), check(meaning)


def _check_target(file: str, out: str, *, force: bool) -> None:
    if not os.path.lexists(out):
        return
    if not force:
        raise InputError(f"{printable(out)} is there already.", remedy="Name another file, or overwrite it: --force.")
    if file != "-" and os.path.exists(file) and os.path.samefile(file, out):
        raise InputError(f"{printable(out)} is the list itself.", remedy="Name another file for the roster.")


def _write(data: bytes, out: str | None, *, force: bool, as_json: bool) -> None:
    if out is not None:
        with open(out, "wb" if force else "xb") as target:
            target.write(data)
    elif not as_json:
        click.get_binary_stream("stdout").write(data)


def _described(imported: Imported) -> dict[str, object]:
    return {
        "taken": len(imported.rows),
        "by_handle_alone": sum(not each["account_id"] for each in imported.rows),
        "entries": imported.entries,
        "repeated": imported.repeated,
        "not_taken": imported.not_taken,
        "not_taken_by_column": {column or "entry": count for column, count in imported.untaken_by_column.items()},
        "untaken": imported.untaken,
        "omitted": sum(imported.untaken_by_column.values()) - len(imported.untaken),
        "passed_over": imported.passed_over,
        "columns": imported.columns,
        "guessed_encodings": imported.guessed,
    }


def _print_report(file: str, out: str | None, imported: Imported) -> None:
    console = stderr()
    taken = f"{counted(len(imported.rows), 'account')} taken from {counted(imported.entries, 'entry')}"
    where = f", written to {printable(out)}" if out is not None and imported.rows else ""
    console.print(Text.assemble((printable(file), "bold"), f": {taken}{where}."))
    if imported.columns:
        read = ", ".join(
            printable(name, 40) if name == role else f"{printable(name, 40)} as {role.replace('_', ' ')}"
            for name, role in list(imported.columns.items())[:_COLUMNS]
        )
        console.print(Text(f"Columns: {read}"))
    if imported.guessed:
        console.print(Text(f"Read as {', '.join(imported.guessed)}, which is a guess: look at the names"))
    by_handle = sum(not each["account_id"] for each in imported.rows)
    if by_handle:
        console.print(Text(f"{by_handle:,} by handle alone: a handle can pass to somebody else, an id cannot"))
    if imported.repeated:
        console.print(Text(f"{imported.repeated:,} more name an account that is taken already"))
    if imported.passed_over:
        passed = ", ".join(f"{count:,} {what}" for what, count in list(imported.passed_over.items())[:_COLUMNS])
        console.print(Text(f"Passed over: {passed}"))
    if imported.not_taken:
        _print_untaken(imported)


def _print_untaken(imported: Imported) -> None:
    console = stderr()
    console.print(Text(f"{imported.not_taken:,} not taken:", style="red"))
    made = table("Count", "Column", "Place", "What is wrong", "What to do", right=("Count",))
    for column, count in imported.untaken_by_column.items():
        examples = _examples(imported.untaken, column)
        for number, each in enumerate(examples):
            row(
                made,
                None if number else count,
                None if number else column or "entry",
                each.place,
                each.what,
                each.remedy,
            )
        if count > len(examples):
            row(made, None, None, "…", f"and {count - len(examples):,} more (--json has the first 1,000)", None)
    console.print(made)


def _examples(untaken: Iterable[Untaken], column: str) -> list[Untaken]:
    """The first ones, each of another wording."""
    found: dict[str, Untaken] = {}
    for each in untaken:
        if each.column == column and len(found) < _EXAMPLES:
            found.setdefault(each.what, each)
    return list(found.values())
