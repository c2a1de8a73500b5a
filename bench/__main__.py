"""`python -m bench [race|memory|figures|report]`: measures, prints, and writes RESULTS.md."""

import argparse
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.markup import escape

from bench.figures.command import main as measure_figures
from bench.implementations import Implementation, chosen, implementations
from bench.machine import this_machine
from bench.memory import measure_memory
from bench.picture import draw_race
from bench.race import Echo, broker_at, run_race
from bench.real_world import RealWorld
from bench.report import markdown
from bench.report_memory import print_memory
from bench.report_race import picture_of, print_race
from bench.results import RECORD, MemoryRun, RaceRun, Results, load_results, save_results, today
from bench.standings import ratios, standings
from bench.trial import TrialFailed
from bench.world import World
from streams.errors import AntiphonError
from streams.settings import Settings
from tools.kafka.jars import Unavailable
from tools.kafka.node import KafkaFailed

RESULTS: Final = Path(__file__).with_name("RESULTS.md")
_WHAT: Final = "race (default), memory, figures (see `figures --help`), or report: RESULTS.md again from the record"
_WORLDS: Final[dict[str, type[World | RealWorld]]] = {world.name: world for world in (World, RealWorld)}
_STOCK_EVENTS: Final = 100_000
_STOCK_SECONDS: Final = 10.0
_QUICK_EVENTS: Final = 200_000
_QUICK_STOCK_EVENTS: Final = 20_000
_QUICK_SUBJECTS: Final = 20_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one benchmark; 1 if it could not be run or an implementation's results were wrong, 0 otherwise.

    A missed target is a finding and no failure.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words[:1] == ["figures"]:
        return measure_figures(words[1:])
    wanted = _parse(words)
    errors = Console(stderr=True)

    def echo(line: str) -> None:
        errors.print(escape(line), style="dim")

    settings = Settings(topic_prefix=f"bench-{secrets.token_hex(3)}-", canary_interval_seconds=0.0)
    try:
        if wanted.what == "report":
            _echo_results(load_results(RECORD), echo)
            return 0
        entered = _entered(wanted)
        with broker_at(wanted.broker) as (address, kind):
            settings = msgspec.structs.replace(settings, broker=address)
            run = _run(wanted, entered, settings, kind, echo)
    except (TrialFailed, Unavailable, KafkaFailed) as reason:
        errors.print(escape(str(reason)), style="bold red")
        return 1
    except AntiphonError as error:
        errors.print(escape(f"{error.message}: {error.remedy}"), style="bold red")
        return 1
    if not wanted.quick and wanted.implementations is None:
        _record(run, echo)
    if wanted.json:
        sys.stdout.buffer.write(_as_json(run) + b"\n")
    elif isinstance(run, RaceRun):
        print_race(Console(), run)
    else:
        print_memory(Console(), run)
    return int(isinstance(run, RaceRun) and any(trial.complaints for trial in run.race.trials))


def _entered(wanted: argparse.Namespace) -> Sequence[Implementation]:
    everybody = implementations(stock_share=wanted.stock_events, stock_seconds=wanted.stock_seconds)
    return chosen(everybody, wanted.implementations)


def _run(
    wanted: argparse.Namespace, entered: Sequence[Implementation], settings: Settings, kind: str, echo: Echo
) -> RaceRun | MemoryRun:
    machine = this_machine(kind)
    if wanted.what == "memory":
        memory = measure_memory(settings, wanted.subjects, echo)
        return MemoryRun(date=today(), machine=machine, memory=memory)
    world = _WORLDS[wanted.world](wanted.events, wanted.seed)
    race = run_race(settings, world, entered, wanted.rounds, echo, all_must_run=wanted.implementations is not None)
    return RaceRun(date=today(), machine=machine, race=race)


def _record(run: RaceRun | MemoryRun, echo: Echo) -> None:
    """Put the run in the place of the one before it."""
    kind = "memory" if isinstance(run, MemoryRun) else "race" if run.race.world == World.name else "real_race"
    after = msgspec.structs.replace(load_results(RECORD), **{kind: run})
    save_results(RECORD, after)
    _echo_results(after, echo)


def _echo_results(results: Results, echo: Echo) -> None:
    RESULTS.write_text(markdown(results), encoding="utf-8")
    for run in (results.race, results.real_race):
        if run is not None:
            try:
                draw_race(run, RESULTS.with_name(picture_of(run.race.world)))
            except Unavailable as missing:
                echo(f"no plot: {missing}")


def _as_json(run: RaceRun | MemoryRun) -> bytes:
    if isinstance(run, RaceRun):
        document = {"run": run, "standings": standings(run.race), "ratios": ratios(run.race)}
    else:
        memory = run.memory
        document = {
            "run": run,
            "rss_bytes_per_subject": memory.rss_bytes_per_subject,
            "changelog_bytes_per_subject": memory.changelog_bytes_per_subject,
        }
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures Antiphon; see bench/README.md.")
    parser.add_argument("what", nargs="?", choices=("race", "memory", "report"), default="race", help=_WHAT)
    parser.add_argument(
        "--events", type=_positive, default=1_000_000, metavar="N", help="events in the race (1,000,000)"
    )
    parser.add_argument("--rounds", type=_positive, default=5, metavar="N", help="rounds of the race (5)")
    parser.add_argument("--implementations", metavar="A,B", help="only these, by name; writes no RESULTS.md")
    parser.add_argument(
        "--world", choices=tuple(_WORLDS), default=World.name, help="the race's events: generated (default) or real"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="what the events are generated from (1)")
    parser.add_argument(
        "--subjects", type=_positive, default=1_000_000, metavar="N", help="tracked subjects (1,000,000)"
    )
    parser.add_argument("--quick", action="store_true", help="small and once, in two minutes; writes no RESULTS.md")
    parser.add_argument("--broker", metavar="HOST:PORT", help="a broker that runs already, instead of one for this run")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    wanted = parser.parse_args(arguments)
    wanted.stock_events, wanted.stock_seconds = _STOCK_EVENTS, _STOCK_SECONDS
    if wanted.quick:
        wanted.events, wanted.rounds, wanted.subjects = _QUICK_EVENTS, 1, _QUICK_SUBJECTS
        wanted.stock_events, wanted.stock_seconds = _QUICK_STOCK_EVENTS, 0.0
    return wanted


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


if __name__ == "__main__":
    sys.exit(main())
