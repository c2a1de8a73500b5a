"""A run over files of the wrong format: everything is counted, and little is kept."""

import tracemalloc
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.cases import KHAMENEI_SITE
from streams.cli.report import print_sampled
from streams.cli.terminal import stdout
from streams.core.rosters.roster_file import parse_roster
from streams.deadletters import DeadLetter, LetterSample, Reason
from streams.formats.registry import readers_named
from streams.jobs.backtest import BacktestRun, backtest_files
from streams.rules_loading import bundled_rules
from streams.sinks.ndjson import write_results

_LINES = 30_000
_LINE = b'{"created_at":"Mon Feb 24 05:00:00 +0000 2022","id_str":"1","text":"' + b"x" * 400 + b'"}\n'


def _letter(reason: Reason, size: int) -> DeadLetter:
    return DeadLetter(
        reason=reason, detail="", topic="f", partition=0, offset=1, payload=bytes(size), size=size, sha256=""
    )


def _run(path: Path) -> BacktestRun:
    roster = parse_roster(KHAMENEI_SITE.roster.read_bytes(), "roster.csv")
    return backtest_files([str(path)], readers_named("canonical"), roster, bundled_rules())


@given(st.lists(st.tuples(st.sampled_from(Reason), st.integers(0, 60)), max_size=80))
def test_a_sample_counts_all_and_keeps_the_first_of_each_reason_within_its_bounds(
    refused: list[tuple[Reason, int]],
) -> None:
    """One reason never takes the room of another."""
    sample = LetterSample(most_letters=5, most_bytes=100)
    for reason, size in refused:
        sample.add(reason, lambda reason=reason, size=size: _letter(reason, size))  # type: ignore[misc]
    assert sample.counts == Counter(reason for reason, _size in refused)
    for reason in Reason:
        sizes = [size for each, size in refused if each is reason]
        kept = [letter.size for letter in sample.kept if letter.reason is reason]
        assert kept == sizes[: len(kept)]
        assert len(kept) == min(len(sizes), 5) or sum(kept) >= 100
        assert sum(kept[:-1]) < 100


@pytest.mark.slow
def test_the_wrong_format_costs_no_memory_and_no_disk_for_each_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """15 MB of lines that are all refused: a quarter of it held at the most, and the account is whole."""
    path = tmp_path / "wrong.jsonl"
    path.write_bytes(_LINE * _LINES)
    tracemalloc.start()
    try:
        run = _run(path)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert run.refused == {Reason.NOT_AN_EVENT: _LINES} == run.tally.rejected
    assert 0 < len(run.letters) < _LINES
    assert [letter.offset for letter in run.letters] == list(range(1, len(run.letters) + 1))
    assert peak_bytes < len(_LINE) * _LINES / 4
    write_results(tmp_path, run.results, run.letters)
    assert (tmp_path / "dead-letters.ndjson").stat().st_size < path.stat().st_size
    print_sampled(stdout(), run.refused, run.letters)
    output = capsys.readouterr().out
    assert "30,000 not_an_event" in output
    assert f"the first {len(run.letters):,} dead letters are kept" in " ".join(output.split())
