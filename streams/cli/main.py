"""`antiphon`: the entry point, the list of commands, and the one boundary at which an error becomes a sentence."""

import contextlib
import errno
import logging
import os
import sys
from collections.abc import Sequence
from typing import Any, Final, NoReturn

import click

from streams import __version__
from streams.cli.groups import LazyGroup
from streams.errors import AntiphonError
from streams.printable import printable
from streams.redaction import redact

__all__ = ["cli", "main"]

EXIT_BUG: Final = 70  # EX_SOFTWARE
EXIT_INTERRUPTED: Final = 130  # as shells report Ctrl-C
EXIT_BROKEN_PIPE: Final = 141  # and as they report SIGPIPE

_SECTIONS: Final = (
    ("Try it", {
        "demo": "Run the whole pipeline over the bundled case, or over files of yours.",
        "sample": "Make up events of this moment, to try a deployment with.",
        "live": "Watch officials in real time, with everything that it takes.",
        "backtest": "The same over files, without a broker; says how early each rule would have told.",
    }),
    ("Prepare", {
        "roster": "Make, check and publish the list of officials.",
        "rules": "Check a rule file, and say in words what its rules mean.",
        "topics": "Create the topics, and see what is there.",
    }),
    ("Run", {
        "worker": "Screen, track and raise alerts until stopped; start several to share the work.",
        "collect": "Write the events of a live source to the raw topics until stopped.",
        "sources": "How far each live source was read; begin one again.",
        "ingest": "Write the events of files to the raw topics.",
        "formats": "List the formats of files that can be read, and what they can tell.",
    }),
    ("Ask it", {
        "alerts": "List the alerts, the most urgent first; follow them.",
        "show": "Everything known of one account, official or alert.",
        "console": "Open alerts, accounts and what they rest on in a browser.",
        "proof": "Make a file from which anybody can recompute an alert, and check one.",
        "export": "Write an enriched topic to a file: CSV, NDJSON or Parquet.",
    }),
    ("Look after it", {
        "states": "Compare what was counted with the topics it rests on, and recount.",
        "dead-letters": "See which inputs were refused, and why; send them again.",
        "evidence": "Delete kept raw events: what has served its time, and what nobody may keep.",
        "schemas": "Write the JSON Schemas and the AsyncAPI document of all topics, or compare them.",
    }),
)  # fmt: skip

_EXAMPLES: Final = """\
antiphon demo
antiphon topics create --broker 127.0.0.1:9092 && antiphon roster publish roster.csv
antiphon worker --metrics-port 9100
"""

_EPILOG: Final = """\
Each setting has a variable, ANTIPHON_BROKER for example, and a place in a TOML file (--config).
Exit status: 0 all is well, 1 a check failed, 2 wrong usage, file or setting, 3 the broker, 4 a worker died, 70 a bug.
"""


_SERVICES: Final = frozenset({"worker", "collect", "console"})
"""Commands whose standard error is a log: JSON from the first line to the last, where it was asked for."""


class _Unread(Exception):  # noqa: N818 - nothing went wrong
    """Whoever read standard output has left."""


class _Antiphon(LazyGroup):
    """The group with the boundary: whatever a command raises ends here."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command. In stand-alone mode it ends in `SystemExit` and never raises anything else."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        _mend_streams()
        given = list(sys.argv[1:] if args is None else args)
        if not _SERVICES.isdisjoint(given) and _is_json(given):
            from streams.cli.logs import log_as_service

            log_as_service(debug=_debugging())
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
            sys.stdout.flush()
        except SystemExit as ending:
            sys.exit(ending.code)
        except BaseException as error:  # noqa: BLE001 - the boundary: nothing leaves the program but a status
            sys.exit(_report(error))
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        """As click does, which has an opinion of its own about a broken pipe."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _Unread from error

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Examples, and what holds for every command."""
        with formatter.section("Examples"):
            for line in _EXAMPLES.splitlines():
                formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
        formatter.write_paragraph()
        for line in _EPILOG.splitlines():
            formatter.write_text(line)


@click.group(cls=_Antiphon, package="streams.cli", sections=_SECTIONS)
@click.version_option(__version__, prog_name="antiphon", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show tracebacks and what libraries log. [ANTIPHON_DEBUG]")
def cli(debug: bool) -> None:
    """Antiphon tells within seconds when official State accounts start amplifying an account that is not officially
    theirs."""
    from streams.cli.logs import log_as_command, logs_json

    if debug:
        os.environ["ANTIPHON_DEBUG"] = "1"
    if not logs_json():
        log_as_command(debug=_debugging())


def main() -> NoReturn:
    """The entry point of the program `antiphon`."""
    cli.main(prog_name="antiphon")
    raise AssertionError("stand-alone mode ends in SystemExit")


def _debugging() -> bool:
    return os.environ.get("ANTIPHON_DEBUG", "").lower() not in ("", "0", "false", "no")


def _report(error: BaseException) -> int:
    """Tell people what went wrong; returns the exit status."""
    match error:
        case _Unread() | BrokenPipeError():
            _abandon(sys.stdout)
            return EXIT_BROKEN_PIPE
        case KeyboardInterrupt() | click.Abort():
            _complain("interrupted")
            return EXIT_INTERRUPTED
        case click.exceptions.NoArgsIsHelpError():
            click.echo(error.format_message(), err=True)
            return error.exit_code
        case click.UsageError():
            _complain(error.format_message())
            path = error.ctx.command_path if error.ctx is not None else "antiphon"
            _say(f"Try `{printable(path)} --help`.")
            return error.exit_code
        case click.ClickException():
            _complain(error.format_message())
            return error.exit_code
        case AntiphonError():
            known = error
        case _ if type(error).__module__.startswith("aiokafka"):
            from streams.kafka.failures import refusal  # aiokafka is there already, or this were not its error

            known = refusal("the broker refuses", error)
        case OSError():
            where = "" if error.filename is None else f"{error.filename}: "
            known = AntiphonError(f"{where}{error.strerror or error}")
            if error.errno == errno.ENOSPC:
                _abandon(sys.stdout)
        case _:
            _trace(error)
            _complain(f"this is a bug in Antiphon: {type(error).__name__}: {error}")
            hint = "" if _debugging() else "run it again as `antiphon --debug …` and "
            _say(f"Please {hint}report it with the traceback.")
            return EXIT_BUG
    _trace(error)
    _complain(known.message, known.remedy)
    return known.exit_code


def _is_json(args: Sequence[str]) -> bool:
    """Whether arguments or environment ask for logs as JSON, as far as can be told before settings are read."""
    for argument, value in zip(args, [*args[1:], ""], strict=True):
        if argument == "--log-format":
            return value == "json"
        if argument.startswith("--log-format="):
            return argument == "--log-format=json"
    return os.environ.get("ANTIPHON_LOG_FORMAT", "").lower() == "json"


def _complain(message: str, remedy: str = "") -> None:
    from streams.cli.logs import logs_json

    if logs_json():
        logging.getLogger("streams").critical("command failed", extra={"error": message, "remedy": remedy})
        return
    first, *more = redact(message).splitlines() or [""]
    _say(f"antiphon: error: {printable(first)}")
    for line in more:  # never at the margin, so that no name of a file can pass for a message of ours
        _say(f"  {printable(line.strip())}")
    for line in redact(remedy).splitlines():
        _say(f"  {printable(line)}")


def _trace(error: BaseException) -> None:
    from streams.cli.logs import logs_json

    if logs_json():
        if _debugging() or not isinstance(error, AntiphonError):
            logging.getLogger("streams").critical("unexpected error", exc_info=error)
    elif _debugging():
        import traceback

        for line in "".join(traceback.format_exception(error)).splitlines():
            _say(printable(redact(line)))


def _say(line: str) -> None:
    from streams.cli.logs import logs_json

    if logs_json():
        return  # what it would say stands in the line before
    try:
        click.echo(line, err=True)
    except OSError:
        _abandon(sys.stderr)


def _mend_streams() -> None:
    """Streams that are closed, or know few characters, must not turn a report into a crash."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for as long as the program runs
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - as above
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _abandon(stream: Any) -> None:
    """Nobody reads it any more: what is still buffered must not be written when the interpreter ends."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # a stream without a file: a test's
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    main()
