"""The entry point: help that teaches, and one boundary at which every error becomes a sentence and a status."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import click
import pytest
from aiokafka.errors import GroupAuthorizationFailedError
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from streams import __version__
from streams.cli.main import cli
from streams.errors import AntiphonError, ConfigurationError
from tests.cli.conftest import Antiphon
from tests.cli.terminal import PROGRAM, clean_environment, obeyed, run

_COMMANDS = cli.list_commands(click.Context(cli))
_OF_BROKERS = ("aiokafka", "faust", "prometheus_client")
_HEAVY = ("rich", *_OF_BROKERS)


def _raising(error: BaseException, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    """The program, with a command that raises."""

    def fail() -> NoReturn:
        raise error

    monkeypatch.setattr(cli, "get_command", lambda _ctx, _name: click.Command("demo", callback=fail))
    return CliRunner().invoke(cli, [*arguments, "demo"], prog_name="antiphon")


def test_help_says_what_antiphon_is_names_every_command_and_gives_three_examples(antiphon: Antiphon) -> None:
    result = antiphon("--help")
    assert result.exit_code == 0
    words = " ".join(result.stdout.split())
    assert "Antiphon tells within seconds when official State accounts start amplifying an account" in words
    assert len(_COMMANDS) >= 12
    for name in _COMMANDS:
        assert f"\n  {name} " in result.stdout
    examples = [line for line in result.stdout.split("Examples:")[1].splitlines() if line.startswith("  antiphon ")]
    assert len(examples) == 3
    for example in examples:
        for command in example.split("&&"):
            assert command.split()[1] in _COMMANDS


@pytest.mark.parametrize(("arguments", "heavy"), [(["--help"], _HEAVY), (["backtest", "--help"], _OF_BROKERS)])
def test_help_waits_for_no_library_that_it_does_not_need(arguments: list[str], heavy: tuple[str, ...]) -> None:
    """What takes time to import is imported by the command that needs it: help takes a tenth of a second so. A backtest
    needs no client of Kafka.
    """
    code = (
        "import sys\n"
        "from streams.cli.main import cli\n"
        f"try:\n    cli.main({arguments!r}, prog_name='antiphon')\n"
        f"finally:\n    print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=clean_environment(), check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", _COMMANDS)
def test_every_command_is_there_and_says_what_it_does(name: str, antiphon: Antiphon) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.name == name
    result = antiphon(name, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: antiphon {name} ")
    if isinstance(command, click.Group):
        for below in command.list_commands(click.Context(command)):
            assert antiphon(name, below, "--help").exit_code == 0


def test_the_version_is_the_packages(antiphon: Antiphon) -> None:
    assert antiphon("--version").stdout == f"antiphon {__version__}\n"


def test_no_command_is_a_wrong_usage_that_gets_the_help() -> None:
    done = run()
    assert done.status == 2
    assert done.out == ""
    assert done.err.startswith("Usage: antiphon ")


@pytest.mark.parametrize(
    ("arguments", "hint", "path"),
    [
        (["topcs"], "did you mean 'topics'?", "antiphon"),
        (["Demo"], "did you mean 'demo'?", "antiphon"),
        (["xyzzy"], "there are: demo, sample, live, ", "antiphon"),
        (["topics", "creat"], "did you mean 'create'?", "antiphon topics"),
        (["roster", "publich", "f"], "did you mean 'publish'?", "antiphon roster"),
    ],
)
def test_an_unknown_command_is_answered_with_the_one_that_was_meant(
    arguments: list[str], hint: str, path: str, antiphon: Antiphon
) -> None:
    result = antiphon(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    first, second = result.stderr.splitlines()
    assert first.startswith("antiphon: error: There is no command ")
    assert hint in first
    assert second == f"Try `{path} --help`."


def test_an_unknown_option_is_answered_with_the_one_that_was_meant(antiphon: Antiphon) -> None:
    result = antiphon("worker", "--brokr", "x")
    assert result.exit_code == 2
    assert "--broker" in result.stderr


# Without the commands, of which two would begin to work.
_typed = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20).filter(
    lambda typed: typed not in _COMMANDS
)


@given(_typed)
def test_nothing_that_was_typed_drives_the_terminal(typed: str) -> None:
    for arguments in ([typed], ["topics", typed], ["roster", "check", typed], ["rules", "check", typed]):
        result = CliRunner().invoke(cli, arguments, prog_name="antiphon")
        assert result.exit_code in (0, 1, 2)
        assert obeyed(result.stdout + result.stderr) == []


def test_an_error_is_one_sentence_a_remedy_and_its_status(monkeypatch: pytest.MonkeyPatch) -> None:
    result = _raising(ConfigurationError("port: taken by \x1b[31m", remedy="take another"), monkeypatch)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == "antiphon: error: port: taken by \\x1b[31m\n  take another\n"
    assert _raising(AntiphonError("no"), monkeypatch).exit_code == 1


def test_a_line_of_somebody_elses_cannot_pass_for_one_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file may be named so that its name brings a second line along."""
    result = _raising(AntiphonError("x\nantiphon: error: forged\r\nantiphon: forged"), monkeypatch)
    assert result.stderr == "antiphon: error: x\n  antiphon: error: forged\n  antiphon: forged\n"


def test_a_bug_is_said_to_be_one_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    result = _raising(ZeroDivisionError("division by \x1b zero"), monkeypatch)
    assert result.exit_code == 70
    assert result.stderr.splitlines()[0] == (
        "antiphon: error: this is a bug in Antiphon: ZeroDivisionError: division by \\x1b zero"
    )
    assert "antiphon --debug" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), AntiphonError("x")])
def test_with_debug_every_error_has_its_traceback(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTIPHON_DEBUG", raising=False)
    result = _raising(error, monkeypatch, "--debug")
    assert "Traceback" in result.stderr
    assert "in fail" in result.stderr
    monkeypatch.setenv("ANTIPHON_DEBUG", "0")
    assert "Traceback" not in _raising(error, monkeypatch).stderr
    monkeypatch.setenv("ANTIPHON_DEBUG", "1")
    assert "Traceback" in _raising(error, monkeypatch).stderr


def test_the_variable_for_debugging_is_no_unknown_setting() -> None:
    done = run("topics", "list", "--broker", "127.0.0.1:1", env={"ANTIPHON_DEBUG": "1"})
    assert done.status == 3
    assert "Traceback" in done.err


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (KeyboardInterrupt(), 130, "\nantiphon: error: interrupted\n"),  # the terminal has written ^C on the line
        (click.Abort(), 130, "antiphon: error: interrupted\n"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 141, ""),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "antiphon: error: No space left on device\n"),
        (
            PermissionError(errno.EACCES, "Permission denied", "f\x1b"),
            1,
            "antiphon: error: f\\x1b: Permission denied\n",
        ),
    ],
)
def test_what_the_system_says_is_no_bug(
    error: BaseException, status: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = _raising(error, monkeypatch)
    assert (result.exit_code, result.stderr) == (status, said)


def test_what_a_broker_refuses_is_no_bug_either(monkeypatch: pytest.MonkeyPatch) -> None:
    result = _raising(GroupAuthorizationFailedError("antiphon"), monkeypatch)
    assert result.exit_code == 3
    assert result.stderr.startswith("antiphon: error: the broker refuses: group authorization failed (antiphon)\n")


@pytest.mark.slow
def test_a_reader_who_leaves_early_is_no_error() -> None:
    process = subprocess.Popen(
        [*PROGRAM, "rules", "check"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment()
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(20) == 141


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_said_in_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*PROGRAM, "rules", "check", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=clean_environment(),
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == "antiphon: error: No space left on device\n"


@pytest.mark.slow
def test_closed_streams_change_nothing_but_what_is_seen() -> None:
    shell = f"'{sys.executable}' -m streams.cli.main rules check >&- 2>&-"
    assert subprocess.run(["sh", "-c", shell], env=clean_environment(), check=False).returncode == 0
    shell = f"'{sys.executable}' -m streams.cli.main nonsense >&- 2>&-"
    assert subprocess.run(["sh", "-c", shell], env=clean_environment(), check=False).returncode == 2


@pytest.mark.slow
def test_characters_that_the_terminal_does_not_know_are_escaped() -> None:
    done = run("rules", "check", env={"PYTHONIOENCODING": "ascii"})
    assert done.status == 0
    assert "\\u2192" in done.out  # the arrow between severities


@pytest.mark.slow
def test_ctrl_c_ends_a_command_with_status_130(tmp_path: Path) -> None:
    """While it reads a roster from a pipe that never ends."""
    pipe = tmp_path / "roster.csv"
    os.mkfifo(pipe)
    process = subprocess.Popen(
        [*PROGRAM, "roster", "check", str(pipe)], stderr=subprocess.PIPE, text=True, env=clean_environment()
    )
    with pipe.open("wb"):  # returns when the command has opened it too
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert errors == "\nantiphon: error: interrupted\n"


def test_an_unknown_setting_in_the_environment_is_refused_by_name() -> None:
    done = run("topics", "list", env={"ANTIPHON_BROKR": "127.0.0.1:9092"})
    assert done.status == 2
    assert done.err == "antiphon: error: ANTIPHON_BROKR: there is no such setting\n  did you mean 'ANTIPHON_BROKER'?\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--broker", "nohost"], "antiphon: error: broker: 'nohost' is not HOST:PORT\n"),
        (["--broker", "host:99999"], "antiphon: error: broker: 'host:99999' is not HOST:PORT\n"),
        (["--broker", ""], "antiphon: error: broker: Expected `str` of length >= 1\n"),
        (["--topic-prefix", "a b"], "antiphon: error: topic_prefix: Expected `str` matching regex"),
        (["--config", "nowhere.toml"], "antiphon: error: nowhere.toml: No such file or directory\n"),
    ],
)
def test_a_wrong_setting_is_one_sentence(arguments: list[str], said: str, antiphon: Antiphon) -> None:
    result = antiphon("topics", "list", *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith(said)
    assert len(result.stderr.splitlines()) == 2


@pytest.mark.slow
def test_the_command_line_is_stronger_than_the_environment_and_that_than_the_file(tmp_path: Path) -> None:
    """Seen by the address at which no broker answers."""
    settings = tmp_path / "settings.toml"
    settings.write_text('broker = "127.0.0.1:1"\n')
    file = ["topics", "list", "--config", str(settings)]
    assert "127.0.0.1:1 " in run(*file).err
    assert "127.0.0.1:2 " in run(*file, env={"ANTIPHON_BROKER": "127.0.0.1:2"}).err
    assert "127.0.0.1:3 " in run(*file, "--broker", "127.0.0.1:3", env={"ANTIPHON_BROKER": "127.0.0.1:2"}).err


@pytest.mark.slow
def test_no_broker_is_one_sentence_and_no_librarys_noise() -> None:
    for command in (["topics", "list"], ["topics", "create"], ["dead-letters", "list"], ["worker"]):
        done = run(*command, "--broker", "127.0.0.1:1")
        assert done.status == 3
        assert done.out == ""
        assert done.err == (
            "antiphon: error: no Kafka broker answers at 127.0.0.1:1 (connection refused)\n"
            "  start one, or name another with --broker HOST:PORT (ANTIPHON_BROKER)\n"
        )
