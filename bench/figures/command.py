"""`python -m bench figures [NAME ...]`: measures figures, prints them, and writes them to the record and RESULTS.md."""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
from rich.console import Console
from rich.markdown import Markdown
from rich.markup import escape

from bench.figures.environment import Environment, FigureFailed, environment_at
from bench.figures.record import BY_NAME_ONLY, FIGURES, WITHOUT_BROKER, FigureRun, Figures
from bench.machine import this_machine
from bench.report import markdown
from bench.report_figures import figure_sections
from bench.results import RECORD, load_results, save_results, today
from bench.trial import TrialFailed
from streams.errors import AntiphonError
from tools.kafka.jars import Unavailable
from tools.kafka.node import KafkaFailed

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Measure the figures that are named, or all; 1 if one could not be measured, 0 otherwise.

    What was measured before another failed is recorded. A missed target is a finding and no failure.
    """
    wanted = _parse(arguments)
    errors = Console(stderr=True)
    measured = Figures()
    failed = 0
    try:
        load, _, _ = os.getloadavg()
        with _environment(wanted, errors) as environment:
            for name in wanted.names or [name for name in FIGURES if name not in BY_NAME_ONLY]:
                figure = FIGURES[name](environment)
                run = FigureRun(date=today(), machine=this_machine(environment.kind), figure=figure, load=load)
                measured = msgspec.structs.replace(measured, **{name.replace("-", "_"): run})
    except (FigureFailed, TrialFailed, Unavailable, KafkaFailed) as reason:
        errors.print(escape(str(reason)), style="bold red")
        failed = 1
    except AntiphonError as error:
        errors.print(escape(f"{error.message}: {error.remedy}"), style="bold red")
        failed = 1
    if not wanted.quick:
        _record(measured)
    if wanted.json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(measured), indent=2) + b"\n")
    else:
        Console().print(Markdown("\n\n".join(figure_sections(measured))))
    return failed


def _record(measured: Figures) -> None:
    """Replace what was measured, keep the rest."""
    before = load_results(RECORD)
    newest = {name: run for name, run in msgspec.structs.asdict(measured).items() if run is not None}
    after = msgspec.structs.replace(before, figures=msgspec.structs.replace(before.figures or Figures(), **newest))
    save_results(RECORD, after)
    RECORD.with_name("RESULTS.md").write_text(markdown(after), encoding="utf-8")


@contextmanager
def _environment(wanted: argparse.Namespace, errors: Console) -> Iterator[Environment]:
    def echo(line: str) -> None:
        errors.print(escape(line), style="dim")

    if wanted.names and WITHOUT_BROKER.issuperset(wanted.names):
        yield Environment(
            address="", kind="none", broker_pid=None, quick=wanted.quick, echo=echo, minutes=wanted.minutes
        )
        return
    with environment_at(wanted.broker, quick=wanted.quick, echo=echo, minutes=wanted.minutes) as environment:
        yield environment


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench figures", description=main.__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"{', '.join(FIGURES)}; without a name all but the soak"
    )
    parser.add_argument("--quick", action="store_true", help="small, to see that it works; writes nothing")
    parser.add_argument("--minutes", type=float, default=60.0, metavar="N", help="how long the soak takes (60)")
    parser.add_argument("--broker", metavar="HOST:PORT", help="a broker that runs already, instead of one for this run")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    wanted = parser.parse_args(arguments)
    if unknown := [name for name in wanted.names if name not in FIGURES]:
        parser.error(f"no figure is called {unknown[0]!r}: there are {', '.join(FIGURES)}")
    return wanted
