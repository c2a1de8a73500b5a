"""docs/operations.md is checked against the code: its commands and options exist, its links lead somewhere."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Final

import click
import pytest

from streams.cli.main import cli
from streams.jobs.replay import Obstacle
from streams.topics import TOPICS
from tests.e2e.hurry import FACTOR

_DOCS: Final = Path(__file__).parents[2] / "docs"
_TEXT: Final = (_DOCS / "operations.md").read_text(encoding="utf-8")
_BLOCKS: Final = re.findall(r"^```(sh)?\n(.*?)^```", _TEXT, re.MULTILINE | re.DOTALL)

_WITHOUT_A_NAME: Final = {"console": "serve"}
"""Groups, and the command that is meant where none of theirs is named."""


def _commands() -> list[list[str]]:
    """Each command of Antiphon in a block or between backticks, without what the shell does with it."""
    found: list[str] = []
    for _kind, block in _BLOCKS:
        for line in block.replace("\\\n", " ").splitlines():
            line = re.sub(r"\s+#.*|\s+\d?>+.*|\s+&.*", "", line).removeprefix("docker compose run --rm ")
            found += [line] if line.startswith("antiphon ") else []
    inline = re.findall(r"`(antiphon [^`]+)`", re.sub(r"^```.*?^```", "", _TEXT, flags=re.MULTILINE | re.DOTALL))
    return [shlex.split(line)[1:] for line in found + inline]


def _is_known(words: list[str]) -> bool:
    """Whether the command and each of its options exist; values are not looked at."""
    command: click.Command = cli
    context = click.Context(cli, info_name="antiphon")
    rest = list(words)
    while isinstance(command, click.Group):
        if command.name in _WITHOUT_A_NAME and command.get_command(context, (rest or [""])[0]) is None:
            rest.insert(0, _WITHOUT_A_NAME[command.name])
        if command.invoke_without_command and rest and rest[0].startswith("--"):
            break  # the group is a command as well
        if not rest or rest[0] == "--version":
            return rest == ["--version"] or command.invoke_without_command
        found = command.get_command(context, rest.pop(0))
        if found is None:
            return False
        command = found
    options = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    return all(word in options for word in rest if word.startswith("--"))


def test_every_command_and_option_exists() -> None:
    commands = _commands()
    assert len(commands) > 20
    assert {"topics", "roster", "worker", "ingest", "schemas", "dead-letters", "rules", "backtest"} <= {
        words[0] for words in commands
    }
    assert [words for words in commands if not _is_known(words)] == []
    assert not _is_known(["topics", "create", "--copies", "3"])
    assert not _is_known(["topics", "remove"])


@pytest.mark.parametrize(("kind", "block"), _BLOCKS)
def test_a_block_is_a_script_that_the_shell_can_read(kind: str, block: str) -> None:
    if kind:
        assert subprocess.run(["bash", "-n"], input=block, text=True, check=False).returncode == 0


def _rows(section: str) -> list[list[str]]:
    """The cells of the table of a section, without its head."""
    text = _TEXT.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    assert len(rows) > 3
    return rows[2:]


def test_the_partitions_of_every_topic_are_the_codes() -> None:
    documented: dict[str, int] = {}
    for names, counts, *_rest in _rows("Partitions"):
        for group, count in zip(names.split(";"), counts.partition(",")[0].split(";"), strict=True):
            documented |= dict.fromkeys(re.findall(r"[a-z-]+", group.replace(" with ", ", ")), int(count))
    assert documented == {topic.name: topic.partitions for topic in TOPICS}


def test_the_retention_of_every_topic_is_the_codes() -> None:
    """Of those that are kept by age; a compacted one has a row without days, or days of its own making."""
    days: dict[str, float] = {"a day": 1, "an hour": 1 / 24}
    for names, _what, kept in _rows("Retention, and deleting personal data"):
        documented_days = days.get(kept) or (
            float(kept.removesuffix(" days")) if re.fullmatch(r"\d+ days", kept) else None
        )
        named = [topic for topic in TOPICS if topic.name in re.findall(r"[a-z-]+", names)]
        named += [topic for topic in TOPICS if topic.role == "raw" and names == "raw topics"]
        for topic in named:
            assert (documented_days is None) == (topic.retention_ms is None), topic.name
            assert documented_days is None or topic.retention_ms == documented_days * 86_400_000, topic.name


def test_how_much_faster_the_rules_are_read_is_what_the_run_does() -> None:
    assert f"divided by {FACTOR}," in " ".join(_TEXT.split())


def test_every_topic_stands_in_the_table_of_what_is_kept_of_people() -> None:
    """So that a new topic is not forgotten when somebody asks what there is about them."""
    section = _TEXT.partition("## Retention")[2]
    section = section.partition("```")[0]
    documented = section + "".join(topic.name for topic in TOPICS if topic.role == "raw")
    assert [topic.name for topic in TOPICS if topic.name not in documented] == []


def test_every_obstacle_of_a_replay_is_explained() -> None:
    section = _TEXT.partition("## Dead letters")[2].partition("\n## ")[0]
    assert [str(obstacle) for obstacle in Obstacle if f"`{obstacle}`" not in section] == []
