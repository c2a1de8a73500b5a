"""The rig: a real Kafka for the whole run where one can be had, and an honest account of what was left out.

On a developer's machine a missing part skips its tests or falls back to the embedded broker, and the run ends with what
was left out and why. With `CI=true` a missing part is a failure.
"""

import gc
import logging
import os
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, Final, NoReturn
from uuid import uuid4

import pytest
from hypothesis import settings

from streams.errors import ConfigurationError
from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.loopback import wait_until_answers
from tools.kafka.jars import Unavailable
from tools.kafka.node import Kafka, tail_of
from tools.kafka.running_broker import RunningBroker, delete_topics

_IN_CI: Final = os.environ.get("CI", "").lower() in {"1", "true"}
_OWN_BROKER: Final = "ANTIPHON_TEST_BROKER"
_SHARED_DATA: Final = Path(__file__).parents[1] / ".." / "shared" / "data"
_LEFT_OUT: Final = "left out: "

_MARKS_OF_FIXTURES: Final = {
    "kafka": "kafka",
    "own_kafka": "kafka",
    "broker": "broker",
    "shared_data": "realdata",
    "chromium": "slow",
}

# Nobody kills the run's broker: on a machine that has much to do its controller must not take it for dead, and need not
# ask so often. With Kafka's defaults an idle one takes twice the processor time.
_UNHURRIED: Final = {
    "broker.session.timeout.ms": "60000",
    "broker.heartbeat.interval.ms": "3000",
    "metadata.max.idle.interval.ms": "10000",
}
_SHARED_KAFKA: Final = pytest.StashKey[Kafka | str]()
_KAFKA_LOG: Final = pytest.StashKey[Path]()
_SHARED_BROKER: Final = "kafka"  # the address and the log, or why there is none and nothing
_STAND_IN: Final = pytest.StashKey[str]()

# The rooms whose files take longest. Processes that share the files take them in this order: none ends with a long one.
_LONGEST_FIRST: Final = ("pipeline", "chaos", "e2e", "agents", "deploy", "bench", "ops", "cli")

# The loggers whose levels `streams.cli.logs` sets.
_LEVELS_OF: Final = ("", "streams", "streams.faust_driver.transport")

_STATE_HOME: Final = pytest.StashKey[tempfile.TemporaryDirectory[str]]()

# No deadlines: two busy cores make any single example slow. In CI the same examples every time, elsewhere new ones.
settings.register_profile("antiphon", deadline=None, derandomize=_IN_CI, print_blob=True)
settings.register_profile("check", settings.get_profile("antiphon"), max_examples=20)  # that of `make check`
settings.load_profile("antiphon")

# Nothing that is imported and collected is ever garbage, and to look for some there is a third of that time.
gc.disable()


@pytest.fixture(scope="session")
def real_kafka(
    request: pytest.FixtureRequest,
) -> Iterator[RunningBroker | str]:
    """The run's real broker, or why there is none. Tests take `kafka` or `broker`."""
    if own := os.environ.get(_OWN_BROKER):
        _, _, port = own.rpartition(":")
        if not port.isdecimal() or not wait_until_answers(own, timeout_seconds=5, is_running=lambda: True):
            pytest.fail(f"no Kafka broker answers at {own}, the HOST:PORT in {_OWN_BROKER}", pytrace=False)
        yield RunningBroker(address=own, kind="external")
        return
    shared_broker = getattr(request.config, "workerinput", {}).get(_SHARED_BROKER)
    if shared_broker is not None:  # this process shares the tests with others, and the broker
        address, log = shared_broker
        if log is not None:
            request.config.stash[_KAFKA_LOG] = Path(log)
        yield address if log is None else RunningBroker(address=address, kind="kafka")
        return
    node = _kafka_of_the_run()
    if isinstance(node, str):
        yield node
        return
    with node:
        request.config.stash[_KAFKA_LOG] = node.log_path
        yield RunningBroker(address=node.address, kind="kafka")


@pytest.fixture(scope="session")
def kafka(real_kafka: RunningBroker | str) -> RunningBroker:
    """A real Apache Kafka, shared by all tests of the run: use `topic_prefix`, and never stop it."""
    if isinstance(real_kafka, str):
        _leave_out(f"a real Apache Kafka: {real_kafka}")
    return real_kafka


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest, real_kafka: RunningBroker | str) -> Iterator[RunningBroker]:
    """A broker, shared by all tests of the run: the real Kafka, or the embedded broker where there is none."""
    if not isinstance(real_kafka, str):
        yield real_kafka
        return
    if _IN_CI:
        _leave_out(f"a real Apache Kafka: {real_kafka}")
    try:
        embedded = EmbeddedBroker()
        embedded.start()
    except ConfigurationError as reason:
        _leave_out(f"any broker: {real_kafka}; {reason.message} {reason.remedy}")
    with_embedded = RunningBroker(address=embedded.address, kind="embedded")
    request.config.stash[_STAND_IN] = real_kafka
    yield with_embedded
    embedded.stop()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a real Chromium, Debian's. Playwright drives it: `playwright install` is not needed."""
    found = shutil.which("chromium")
    if found is None:
        _leave_out("a real browser: install the package chromium")
    return found


@pytest.fixture(autouse=True)
def _process_as_it_was() -> Iterator[None]:
    """Commands run in the tests' own process set its loggers and, for their children, variables like ANTIPHON_DEBUG:
    no later test is to meet them.
    """
    root = logging.getLogger()
    handlers = list(root.handlers)
    levels = {name: logging.getLogger(name).level for name in _LEVELS_OF}
    variables = {name: value for name, value in os.environ.items() if name.startswith("ANTIPHON_")}
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    for name in [name for name in os.environ if name.startswith("ANTIPHON_") and name not in variables]:
        del os.environ[name]
    os.environ.update(variables)


@pytest.fixture
def own_kafka() -> Iterator[Kafka]:
    """A real Apache Kafka of the test's own, to stop, kill, pause and restart. Two to four seconds to start."""
    try:
        node = Kafka()
    except Unavailable as reason:
        _leave_out(f"a real Apache Kafka: {reason}")
    with node:
        yield node


@pytest.fixture
def topic_prefix(request: pytest.FixtureRequest) -> Iterator[str]:
    """What the names of a test's topics and groups start with: its own, so that tests share a broker unseen.

    The topics that start with it are deleted at the end of the test.
    """
    prefix = f"test-{uuid4().hex[:12]}-"
    used = [request.getfixturevalue(name) for name in ("kafka", "broker") if name in request.fixturenames]
    yield prefix
    for shared in used[:1]:
        delete_topics(shared, prefix)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The directory of real data beside the project, which is never part of it and never required."""
    if not _SHARED_DATA.is_dir():
        pytest.skip(f"{_LEFT_OUT}real data: ../shared/data is not there, and is not part of the project")
    return _SHARED_DATA.resolve()


def _kafka_of_the_run() -> Kafka | str:
    """Not started yet; or why there is none."""
    try:
        return Kafka(properties=_UNHURRIED)
    except Unavailable as reason:
        return str(reason)


def _leave_out(part: str) -> NoReturn:
    if _IN_CI:
        pytest.fail(f"CI must not leave out {part}", pytrace=False)
    pytest.skip(_LEFT_OUT + part)


def pytest_configure(config: pytest.Config) -> None:
    """Workers keep their ledgers where the run ends with them, and not in the home of whoever runs the tests."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started in the background: children would inherit that
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.stash[_STATE_HOME] = tempfile.TemporaryDirectory(prefix="antiphon-state-")
    os.environ["XDG_STATE_HOME"] = config.stash[_STATE_HOME].name


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Processes that share the tests share one Kafka: five would take a sixth of the processor time."""
    config: pytest.Config = node.config
    if os.environ.get(_OWN_BROKER) or "not kafka" in config.option.markexpr:
        return
    if _SHARED_KAFKA not in config.stash:
        config.stash[_SHARED_KAFKA] = started = _kafka_of_the_run()
        if isinstance(started, Kafka):
            started.start()
    shared = config.stash[_SHARED_KAFKA]
    shared_broker = (shared, None) if isinstance(shared, str) else (shared.address, str(shared.log_path))
    node.workerinput[_SHARED_BROKER] = shared_broker


def pytest_unconfigure(config: pytest.Config) -> None:
    """Takes them away, and the broker that processes shared."""
    config.stash[_STATE_HOME].cleanup()
    if isinstance(shared := config.stash.get(_SHARED_KAFKA, None), Kafka):
        shared.close()


@pytest.hookimpl(tryfirst=True)  # before pytest itself selects by mark
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks each test by the fixtures that it takes, so that `-m "not kafka"` misses none; long rooms first."""
    ranks = {room: rank for rank, room in enumerate(_LONGEST_FIRST)}
    items.sort(key=lambda item: ranks.get(item.path.parent.name, len(ranks)))
    for item in items:
        for fixture in getattr(item, "fixturenames", ()):
            if mark := _MARKS_OF_FIXTURES.get(fixture):
                item.add_marker(mark)


def pytest_collection_finish() -> None:
    """What was collected stays: no test's garbage collection looks through it."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Shows the end of Kafka's log with each failed test that used one."""
    report = yield
    if report.failed:
        used: list[object] = list(getattr(item, "funcargs", {}).values())
        logs = [node.log_path for node in used if isinstance(node, Kafka)]
        if any(isinstance(value, RunningBroker) and value.kind == "kafka" for value in used):
            logs.append(item.config.stash[_KAFKA_LOG])
        report.sections += [(f"Kafka's log, {log}", tail_of(log)) for log in logs]
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process that shares the tests with others tells the first of them what it could not have."""
    worker_output: dict[str, str] | None = getattr(session.config, "workeroutput", None)
    if worker_output is not None and (reason := session.config.stash.get(_STAND_IN, None)):
        worker_output["stand_in"] = reason


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """What such a process has told."""
    if reason := getattr(node, "workeroutput", {}).get("stand_in"):
        node.config.stash[_STAND_IN] = reason


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Ends the run with what it left out and why."""
    lines: list[str] = []
    skipped: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        _, _, why = report.longrepr
        if _LEFT_OUT in why:
            skipped[why.partition(_LEFT_OUT)[2]] += 1
    lines += [f"{count} tests need {part}" for part, count in skipped.items()]
    if reason := config.stash.get(_STAND_IN, None):
        lines.append(f"tests marked `broker` ran on the embedded broker instead of a real Apache Kafka: {reason}")
    if lines:
        terminalreporter.section("left out of this run")
        for line in lines:
            terminalreporter.line(line)
