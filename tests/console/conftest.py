"""The bundled case, as a folder that a backtest wrote and as a store: made once for all tests of the console."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.cases import KHAMENEI_SITE
from streams.console.feed.from_folder import fill_from_folder
from streams.console.store.reading import Store
from streams.core.backtest import Results
from streams.core.rosters.roster_file import parse_roster
from streams.core.screening.account_index import AccountIndex
from streams.formats.registry import readers_named
from streams.jobs.backtest import backtest_files
from streams.jobs.event_spool import EventSpool
from streams.jobs.evidence_of_runs import evidence_of_backtest
from streams.rules_loading import read_rules
from streams.sinks.evidence_file import EvidenceFile
from streams.sinks.ndjson import write_results
from tests.console.growing_store import GrowingStore, growing_store


@pytest.fixture(scope="session")
def case_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `antiphon backtest --out` writes of the bundled case."""
    folder = tmp_path_factory.mktemp("case")
    roster = parse_roster(KHAMENEI_SITE.roster.read_bytes(), str(KHAMENEI_SITE.roster))
    rules, text = read_rules(None)
    with EvidenceFile(folder) as kept:

        def keep(results: Results, spool: EventSpool, known: AccountIndex) -> None:
            for record in evidence_of_backtest(results, spool, known, roster, rules, text):
                kept.add(record)

        case = [str(KHAMENEI_SITE.events)]
        run = backtest_files(case, readers_named("canonical"), roster, rules, processes=1, afterwards=keep)
        write_results(folder, run.results, run.letters, kept)
    return folder


@pytest.fixture(scope="session")
def case_store(case_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store of that folder. Tests only read it."""
    folder = tmp_path_factory.mktemp("store")
    fill_from_folder(str(case_folder), folder)
    store = Store(folder)
    yield store
    store.close()


@pytest.fixture
def growing(case_folder: Path, tmp_path: Path) -> Iterator[GrowingStore]:
    """A store of the test's own, which lacks the case's last alert until the test writes it."""
    with growing_store(case_folder, tmp_path) as made:
        yield made
