"""The documentation is checked against the repository: links, paths, make targets, metrics, topics and its example."""

import asyncio
import re
from contextlib import aclosing
from pathlib import Path
from typing import Final

import pytest
from msgspec import convert
from prometheus_client import CollectorRegistry

from streams.collectors.collector import Collector, Surroundings
from streams.collectors.metrics import CollectorMetrics
from streams.collectors.settings import CollectSettings
from streams.collectors.source import Chunk
from streams.events import Follow
from streams.metrics import Metrics
from streams.settings import Settings
from streams.topics import TOPICS
from tests.collectors.lines_server import lines_server

_ROOT: Final = Path(__file__).parents[1]
_PAGES: Final = sorted(
    [_ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    + [*(_ROOT / "docs").glob("*.md"), *(_ROOT / "ops" / "runbooks").glob("*.md")]
)
_MOST_COLUMNS: Final = 119
_COMMANDS: Final = frozenset(
    {"kubectl", "antiphon", "docker", "make", "python", "pip", "apt-get", "suspended"}
    | {"Truncating"}  # what a broker logs
)
# Where a page leaves out the beginning of a path.
_FOLDERS: Final = ("", "streams", "streams/schemas", "streams/core", "streams/core/tracking", "streams/core/watching")
_PATH: Final = re.compile(r"`([A-Za-z_][\w./-]*(?:/|\.(?:py|md|toml|yml|json|svg|xml|patch|csv|ndjson)))`")
_FOR_EXAMPLE: Final = frozenset(
    {
        "streams/formats/NAME.py",
        "streams/formats/follow_list.py",
        "tests/formats/test_follow_list.py",
        "streams/collectors/numbers.py",
        "streams/collectors/",
        "tests/collectors/",
        "events.ndjson",
        "result.json",
        "roster.csv",
        *(
            "README.txt",
            "alert.json",
            "aftermath.json",
            "dossier.json",
            "events-index.ndjson",
            "rules.toml",
        ),  # of a proof
        *("coverage.json", "expected.json", "environment.json", "manifest.json", "ro-crate-metadata.json"),
        *("signature.dsse.json", "timestamp.tsr", "timestamp-chain.pem"),
        *("alerts/ID.json", "alert-versions.ndjson", "rosters/DIGEST.csv", "tests/proofs/corpus"),
        "broken.ndjson",
        "evidence.ndjson",  # of a folder of results
        "bin/",  # of Kafka's own
    }
)


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _without_code(text: str) -> str:
    return re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)


def _anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", _without_code(text), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _exists(path: str) -> bool:
    if any((_ROOT / folder / path).exists() for folder in _FOLDERS):
        return True
    return "/" not in path and any(any((_ROOT / folder).rglob(path)) for folder in ("streams", "ops"))


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_to_a_heading_of_it(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", _without_code(_text(page))):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        assert target.exists(), link
        assert not anchor or anchor in _anchors(_text(target)), link


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    named = set(_PATH.findall(_without_code(_text(page)))) - _FOR_EXAMPLE
    assert [path for path in sorted(named) if not _exists(path)] == []


def test_a_file_that_does_not_exist_would_be_found() -> None:
    assert _PATH.findall("`core/nowhere.py` and `tests/nowhere/`") == ["core/nowhere.py", "tests/nowhere/"]
    assert not _exists("core/nowhere.py")
    assert not _exists("nowhere.py")


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z0-9]+):", _text(_ROOT / "Makefile"), re.MULTILINE))
    assert {"demo", "test", "lint"} <= targets
    named = set(re.findall(r"(?:`|^)make ([a-z0-9]+)", _text(page), re.MULTILINE))
    assert named <= targets


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_every_metric_that_a_page_names_exists(page: Path) -> None:
    series = (Metrics(CollectorRegistry()).registry, CollectorMetrics(CollectorRegistry()).registry)
    families = {metric.name for registry in series for metric in registry.collect()}
    names = families | {f"{name}_total" for name in families}
    named = set(re.findall(r"`(antiphon_[a-z_]+)", _text(page)))
    assert named <= names | {"antiphon_id"}  # a label in Alertmanager


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_every_message_that_a_page_names_is_logged(page: Path) -> None:
    """Whatever between backticks is a phrase in small letters and no command: readers look for it in a log."""
    source = "\n".join(_text(path) for path in (_ROOT / "streams").rglob("*.py"))
    phrases = re.findall(r"`([A-Za-z]+(?: [a-z]+)*[:,]?(?: [a-z-]+)+)`", _without_code(_text(page)))
    named = {phrase for phrase in phrases if phrase.partition(" ")[0] not in _COMMANDS}
    assert [phrase for phrase in sorted(named) if phrase not in source] == []


@pytest.mark.parametrize(
    "page", [page for page in _PAGES if page.parent.name == "runbooks"], ids=lambda page: page.name
)
def test_every_panel_that_a_runbook_names_is_on_a_dashboard(page: Path) -> None:
    boards = "".join(_text(board) for board in (_ROOT / "ops" / "grafana").rglob("*.json"))
    source = "".join(_text(path) for path in (_ROOT / "streams" / "agents" / "notify").glob("*.py"))
    pages_of_prometheus = {"Targets", "Status, Runtime"}
    named = set(re.findall(r"\*([A-Z][A-Za-z ,]+)\*", _text(page))) - pages_of_prometheus
    assert [panel for panel in sorted(named) if f'"{panel}' not in boards and f'"{panel}"' not in source] == []


def test_every_topic_is_on_the_architecture_page() -> None:
    page = _text(_ROOT / "docs" / "architecture.md")
    missing = [topic.name for topic in TOPICS if not re.search(rf"\b{topic.name}\b", page)]
    assert missing == []


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_prose_fits_into_120_columns(page: Path) -> None:
    lines = _without_code(_text(page)).splitlines()
    assert [line for line in lines if len(line) > _MOST_COLUMNS and not line.lstrip().startswith("|")] == []


def test_the_reader_of_the_contributing_page_reads_the_line_that_stands_beside_it() -> None:
    page = _text(_ROOT / "CONTRIBUTING.md")
    program, _collector = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    [line] = re.findall(r"^```json\n(.*)\n```", page, re.MULTILINE)
    names: dict[str, object] = {"__name__": "follow_list"}
    exec(compile(program, "CONTRIBUTING.md", "exec"), names)  # noqa: S102 - what the page shows is what is run
    reader_type = names["FollowListReader"]
    assert isinstance(reader_type, type)
    [event] = reader_type().read(line.encode())
    assert isinstance(event, Follow)
    assert (event.actor.id, event.subject.id) == ("11", "22")


def test_the_collector_of_the_contributing_page_reads_a_server_and_goes_on_where_it_was() -> None:
    """Its server is that of the tests of collectors."""
    _reader, program = re.findall(r"^```python\n(.*?)^```", _text(_ROOT / "CONTRIBUTING.md"), re.MULTILINE | re.DOTALL)
    names: dict[str, object] = {"__name__": "numbers"}
    exec(compile(program, "CONTRIBUTING.md", "exec"), names)  # noqa: S102 - what the page shows is what is run
    collector = names["NUMBERS"]
    assert isinstance(collector, Collector)

    async def first_chunk(port: int, cursor: bytes | None) -> Chunk:
        own = convert({"port": port}, collector.settings)
        surroundings = Surroundings(
            settings=Settings(), collect=CollectSettings(), metrics=CollectorMetrics(CollectorRegistry())
        )
        async with collector.open(own, surroundings) as [source], aclosing(source.chunks(cursor)) as chunks:
            return await anext(chunks)

    with lines_server(100) as server:
        chunk = asyncio.run(first_chunk(server.port, None))
        assert [event.id for event in chunk.events] == [str(number) for number in range(len(chunk.events))]
        assert (chunk.received, chunk.resumed) == (len(chunk.events), True)
        begin = len(chunk.events) // 2
        assert begin > 0
        again = asyncio.run(first_chunk(server.port, b"%d" % begin))
    assert (again.events[0].id, again.resumed) == (str(begin), True)
