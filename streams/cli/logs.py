"""What is logged, where and how: a line a record on standard error, its message constant, the rest in fields.

Short commands show warnings of Antiphon itself and nothing else; workers log in full, as text or as JSON.
"""

import logging
import sys
import threading
import time
import traceback
from typing import Any, Final, Literal

from streams.cli.printed_json import printed_json
from streams.errors import AntiphonError
from streams.printable import printable
from streams.redaction import redact
from streams.settings import Settings

__all__ = [
    "LogFormatter",
    "Throttle",
    "log_as_command",
    "log_as_service",
    "log_as_worker",
    "log_before_start",
    "logs_json",
]

_log: Final = logging.getLogger(__name__)
_OWN: Final = "streams"
_FAUST_IN_OURS: Final = "streams.faust_driver.transport"  # our subclasses of Faust's services log Faust's chatter there
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_REPEAT_SECONDS: Final = 10.0  # while a broker is away, aiokafka says so a hundred times a second
_REMEMBERED: Final = 1_000
_FIELD_CHARACTERS: Final = 500
_COLOURS: Final = {logging.WARNING: "33", logging.ERROR: "31", logging.CRITICAL: "1;31"}  # ANSI
_WORD_BREAKERS: Final = frozenset(' "=')


def log_as_command(*, debug: bool) -> None:
    """Short commands: warnings of ours; with `debug` everything, of libraries too."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LogFormatter("text", debug=debug))
    if not debug:
        handler.addFilter(lambda record: record.name.partition(".")[0] == _OWN)
    _take_over(
        handler, root=logging.DEBUG if debug else logging.WARNING, own=logging.DEBUG if debug else logging.WARNING
    )


def log_as_service(*, debug: bool) -> None:
    """Long-running commands whose logs are JSON, before their settings are read: from the first line on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LogFormatter("json", debug=debug))
    if not debug:
        handler.addFilter(lambda record: record.name.partition(".")[0] == _OWN)
    _take_over(handler, root=logging.WARNING, own=logging.WARNING)


def log_before_start(settings: Settings) -> None:
    """The same, as soon as settings ask for JSON: what a file says of it is not known before."""
    if settings.log_format == "json" and not logs_json():
        log_as_service(debug=settings.log_level == "debug")


def logs_json() -> bool:
    """Whether all that is said on standard error is to be JSON."""
    formatters = [handler.formatter for handler in logging.getLogger().handlers]
    return any(isinstance(each, LogFormatter) and each.form == "json" for each in formatters)


def log_as_worker(settings: Settings) -> None:
    """Long-running commands: ours from `log_level` on; libraries from warnings on, or all they say at `debug`."""
    own = logging.getLevelNamesMapping()[settings.log_level.upper()]
    handler = logging.StreamHandler(sys.stderr)
    colour = settings.log_format == "text" and _has_colours()
    handler.setFormatter(LogFormatter(settings.log_format, colour=colour, debug=own == logging.DEBUG))
    libraries = logging.INFO if own == logging.DEBUG else max(own, logging.WARNING)
    if own != logging.DEBUG:
        handler.addFilter(Throttle(_REPEAT_SECONDS))
    _take_over(handler, root=libraries, own=own)
    logging.getLogger(_FAUST_IN_OURS).setLevel(libraries)
    logging.captureWarnings(capture=True)
    # What Python would print by itself: nobody caught it, in a thread or while something was thrown away.
    threading.excepthook = lambda what: _log_uncaught("uncaught error in a thread", what.exc_value)
    sys.unraisablehook = lambda what: _log_uncaught("error that could not be raised", what.exc_value)


def _log_uncaught(message: str, error: BaseException | None) -> None:
    _log.error(message, exc_info=error)


def _take_over(handler: logging.Handler, *, root: int, own: int) -> None:
    logger = logging.getLogger()
    for old in list(logger.handlers):
        logger.removeHandler(old)
    logger.addHandler(handler)
    logger.setLevel(root)
    logging.getLogger(_OWN).setLevel(own)


def _has_colours() -> bool:
    from streams.cli.terminal import stderr  # rich takes its time, and JSON logs do without

    console = stderr()
    return console.is_terminal and not console.no_color


class Throttle(logging.Filter):
    """Lets a library say each thing once in so many seconds, and adds how often it was `repeated` in between."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._last_logged: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is logged; ours always are."""
        if record.name.partition(".")[0] == _OWN:
            return True
        what = (record.name, str(record.msg))
        since, repeated = self._last_logged.get(what, (-self._seconds, 0))
        # A clock that was set back says nothing of how long ago something was told.
        if 0 <= record.created - since < self._seconds:
            self._last_logged[what] = (since, repeated + 1)
            return False
        if len(self._last_logged) >= _REMEMBERED:
            self._last_logged.clear()
        self._last_logged[what] = (record.created, 0)
        if repeated:
            record.repeated = repeated
        return True


class LogFormatter(logging.Formatter):
    """`text` for people (time, level, message, key=value), `json` for machines (an object a line).

    An error that people can act on is told in a sentence; every other one, and with `debug` each, with its traceback.
    """

    def __init__(self, form: Literal["text", "json"], *, colour: bool = False, debug: bool = False) -> None:
        super().__init__()
        self.form = form
        self._colour = colour
        self._debug = debug

    def format(self, record: logging.LogRecord) -> str:
        """The line, or with a traceback the lines, of a record. Secrets are stars, whoever logged them."""
        fields = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        trace: list[str] = []
        if record.exc_info and (error := record.exc_info[1]) is not None:
            cause = _single_cause(error)
            known = _known(cause)
            if known is not None:
                fields |= {"error": known.message, "remedy": known.remedy}
            else:
                fields["error"] = f"{type(cause).__name__}: {cause}"
            if known is None or self._debug:
                trace = "".join(traceback.format_exception(error)).splitlines()
        if record.stack_info:
            trace += record.stack_info.splitlines()
        return self._json(record, fields, trace) if self.form == "json" else self._text(record, fields, trace)

    def _json(self, record: logging.LogRecord, fields: dict[str, Any], trace: list[str]) -> str:
        document = {
            "at": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        document |= {name: _without_secrets(value) for name, value in fields.items() if name not in document}
        if trace:
            document["traceback"] = redact("\n".join(trace))
        return printed_json(document, indent=0)

    def _text(self, record: logging.LogRecord, fields: dict[str, Any], trace: list[str]) -> str:
        level = f"{record.levelname.lower():<8}"
        if self._colour and record.levelno in _COLOURS:
            level = f"\x1b[{_COLOURS[record.levelno]}m{level}\x1b[0m"
        parts = [f"{_time(record)} {level} {printable(redact(record.getMessage()), 2_000)}"]
        parts += [f"{name}={_field(value)}" for name, value in fields.items() if value not in (None, "")]
        if not record.name.startswith(_OWN):
            parts.append(f"logger={record.name}")
        return "\n".join(
            ["  ".join([parts[0], " ".join(parts[1:])]).rstrip(), *(f"  {printable(redact(line))}" for line in trace)]
        )


def _time(record: logging.LogRecord) -> str:
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03}Z"


def _without_secrets(value: Any) -> Any:
    """The value for JSON; numbers stay as they are, and everything else that a library could have put there is read."""
    match value:
        case str():
            return redact(value)
        case None | bool() | int() | float():
            return value
        case dict():
            return {redact(str(key)): _without_secrets(inner) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_without_secrets(inner) for inner in value]
        case _:
            return redact(str(value))


def _field(value: object) -> str:
    text = printable(redact(str(_without_secrets(value))), _FIELD_CHARACTERS)
    return f'"{text}"' if not text or not _WORD_BREAKERS.isdisjoint(text) else text


def _known(error: BaseException) -> AntiphonError | None:
    """The error as people can act on it, `None` for all that must be a bug."""
    if type(error).__module__.startswith("aiokafka"):
        from streams.kafka.failures import refusal  # aiokafka is there already, or this were not its error

        return refusal("the broker refuses", error)
    return error if isinstance(error, AntiphonError) else None


def _single_cause(error: BaseException) -> BaseException:
    """What task groups wrap, where they wrap a single error."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
