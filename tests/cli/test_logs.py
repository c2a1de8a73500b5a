"""Log lines: one a record, for people or for machines, with a traceback only where there is something to mend."""

import json
import logging
import time
from typing import Any

import pytest
from aiokafka.errors import InvalidSessionTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from streams.cli.logs import LogFormatter, Throttle, log_as_command, log_as_worker
from streams.errors import AntiphonError
from streams.settings import Settings
from tests.cli.terminal import obeyed

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
_FIELDS = st.dictionaries(st.sampled_from(["partition", "error", "path", "digest"]), _TEXT | st.integers(), max_size=3)


def _record(message: str, fields: dict[str, Any], error: BaseException | None = None) -> logging.LogRecord:
    info = None if error is None else (type(error), error, error.__traceback__)
    record = logging.LogRecord("streams.x", logging.ERROR, __file__, 1, message, (), info)
    vars(record).update(fields)
    return record


def _raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:  # noqa: BLE001 - only to give it a traceback
        return caught


@given(_TEXT, _FIELDS)
def test_a_json_line_is_one_object_with_message_and_fields(message: str, fields: dict[str, Any]) -> None:
    line = LogFormatter("json").format(_record(message, fields))
    assert obeyed(line) == []
    assert "\n" not in line
    document = json.loads(line)
    assert document.pop("at").endswith("Z")
    assert document == {"level": "error", "logger": "streams.x", "message": message, **fields}


@given(_TEXT, _FIELDS)
def test_a_text_line_is_one_line_that_no_terminal_obeys(message: str, fields: dict[str, Any]) -> None:
    line = LogFormatter("text").format(_record(message, fields))
    assert obeyed(line) == []
    assert "\n" not in line
    for name, value in fields.items():
        assert (f"{name}=" in line) == (value != "")


def test_a_field_with_spaces_is_quoted_and_the_time_is_that_of_the_record() -> None:
    record = _record("store open", {"partition": 3, "why": "two words"})
    record.created = 1_600_000_000.25
    record.msecs = 250
    line = LogFormatter("text").format(record)
    assert line == '2020-09-13T12:26:40.250Z error    store open  partition=3 why="two words"'


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_error_that_people_can_act_on_has_its_remedy_and_no_traceback(form: Any) -> None:
    known = AntiphonError("too many refusals", remedy="mend the source")
    for error in (known, ExceptionGroup("tasks", [known]), ExceptionGroup("a", [ExceptionGroup("b", [known])])):
        line = LogFormatter(form).format(_record("SCREEN failed", {}, _raised(error)))
        assert "too many refusals" in line
        assert "mend the source" in line
        assert "Traceback" not in line
    assert "Traceback" in LogFormatter(form, debug=True).format(_record("SCREEN failed", {}, _raised(known)))


def test_what_the_broker_refuses_is_logged_in_words() -> None:
    line = LogFormatter("text").format(_record("worker failed", {}, _raised(InvalidSessionTimeoutError())))
    assert "the broker refuses: invalid session timeout" in line
    assert "session_timeout_seconds" in line
    assert "Traceback" not in line


@pytest.mark.parametrize("form", ["text", "json"])
def test_any_other_error_has_its_traceback(form: Any) -> None:
    formatted = LogFormatter(form).format(_record("TRACK failed", {}, _raised(ValueError("\x1b[31mbroken\nstate"))))
    assert "Traceback" in formatted
    assert "test_logs.py" in formatted
    assert obeyed(formatted) == []
    if form == "json":
        assert "ValueError" in json.loads(formatted)["traceback"]
    else:
        assert all(line.startswith("  ") for line in formatted.splitlines()[1:])


def _library_record(message: str, at: float, name: str = "aiokafka") -> logging.LogRecord:
    record = logging.LogRecord(name, logging.ERROR, __file__, 1, message, (), None)
    record.created = at
    return record


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.floats(0.001, 4)), max_size=60))
def test_a_library_says_a_thing_once_in_a_while_and_nothing_goes_uncounted(logged: list[tuple[str, float]]) -> None:
    throttle = Throttle(10)
    now = 1_000.0
    last: dict[str, float] = {}
    held_back: dict[str, int] = {"a": 0, "b": 0}
    for message, pause in logged:
        now += pause
        record = _library_record(message, now)
        due = now - last.get(message, -10.0) >= 10
        assert throttle.filter(record) == due
        if due:
            assert vars(record).get("repeated", 0) == held_back[message]
            last[message], held_back[message] = now, 0
        else:
            held_back[message] += 1


def test_what_we_say_ourselves_is_never_held_back() -> None:
    throttle = Throttle(10)
    assert all(throttle.filter(_library_record("x", 5.0, "streams.agents.track.subject_store")) for _ in range(3))


def test_a_flood_of_different_messages_is_forgotten_not_kept() -> None:
    throttle = Throttle(10)
    for number in range(10_000):
        throttle.filter(_library_record(f"message {number}", 5.0))
    assert len(throttle._last_logged) <= 1_000


def test_a_command_shows_our_warnings_and_no_librarys(capfd: pytest.CaptureFixture[str]) -> None:
    log_as_command(debug=False)
    logging.getLogger("streams.kafka").warning("ours", extra={"topic": "posts"})
    logging.getLogger("streams.kafka").info("too quiet")
    logging.getLogger("aiokafka").error("theirs")
    logging.getLogger("asyncio").error("Unclosed AIOKafkaConnection")
    out, err = capfd.readouterr()
    assert out == ""
    assert [line.split(" ", 1)[1].strip() for line in err.splitlines()] == ["warning  ours  topic=posts"]
    log_as_command(debug=True)
    logging.getLogger("aiokafka").debug("theirs")
    assert "theirs" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("level", "logged"),
    [
        ("info", ["streams.agents info", "aiokafka warning", "faust warning"]),
        ("error", []),
        ("debug", ["streams.agents debug", "streams.agents info", "aiokafka warning", "faust warning", "faust info"]),
    ],
)
def test_a_worker_logs_from_its_level_on_and_libraries_from_warnings_on(
    level: Any, logged: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    log_as_worker(Settings(log_level=level, log_format="json"))
    for name in ("streams.agents", "streams.faust_driver.transport", "aiokafka", "faust"):
        logging.getLogger(name).debug("%s debug", name)
    logging.getLogger("streams.agents").info("streams.agents info")
    logging.getLogger("streams.faust_driver.transport").info("faust in our clothes")
    logging.getLogger("aiokafka").warning("aiokafka warning")
    logging.getLogger("faust").warning("faust warning")
    logging.getLogger("faust").info("faust info")
    messages = [json.loads(line)["message"] for line in capfd.readouterr().err.splitlines()]
    assert [message for message in messages if "clothes" not in message] == logged
    assert ("faust in our clothes" in messages) == (level == "debug")


def test_times_are_in_utc_whatever_the_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tehran")
    time.tzset()
    try:
        record = _record("x", {})
        record.created, record.msecs = 0.0, 0
        assert LogFormatter("text").format(record).startswith("1970-01-01T00:00:00.000Z")
    finally:
        monkeypatch.undo()
        time.tzset()
