"""The documentation is checked against the repository: links, paths, commands, names, metrics, topics and examples."""

import asyncio
import re
from contextlib import aclosing
from functools import cache
from pathlib import Path
from typing import Final

import click
import pytest
from msgspec import convert
from prometheus_client import CollectorRegistry

from bench.figures.record import FIGURES
from streams.cli.main import cli
from streams.collectors.collector import Collector, CollectorContext
from streams.collectors.metrics import CollectorMetrics
from streams.collectors.settings import CollectSettings
from streams.collectors.source import Chunk
from streams.events import Follow
from streams.metrics import Metrics
from streams.settings import Settings
from streams.topic import DAY_MS
from streams.topics import TOPICS
from tests.chaos.plan import FaultKind
from tests.collectors.lines_server import lines_server
from tests.test_imports import LAYERS

_ROOT: Final = Path(__file__).parents[1]
_PAGES: Final = sorted(
    [_ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    + [_ROOT / "bench" / "README.md"]
    + [*(_ROOT / "docs").glob("*.md"), *(_ROOT / "ops" / "runbooks").glob("*.md")]
)
_CURRENT: Final = [page for page in _PAGES if page.name != "CHANGELOG.md"]  # the others say what is, not what was
_MOST_COLUMNS: Final = 119
_COMMANDS: Final = frozenset(
    {"kubectl", "antiphon", "docker", "make", "python", "pip", "apt-get", "suspended"}
    | {"Truncating"}  # what a broker logs
)
# Where a page leaves out the beginning of a path.
_FOLDERS: Final = (
    "",
    "bench",
    "streams",
    "streams/schemas",
    "streams/core",
    "streams/core/tracking",
    "streams/core/watching",
)
_PATH: Final = re.compile(r"`([A-Za-z_][\w./-]*(?:/|\.(?:py|md|toml|yml|json|svg|xml|patch|csv|ndjson)))`")
_DEFINITION: Final = r"^ *(?:async )?(?:def|class) {0}\b|^ *{0}\b *[:=]"
_SPAN: Final = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")  # over the end of a line at most once
_SOURCES: Final = (".py", ".toml", ".yml", ".json", ".java", ".html", ".patch", ".properties")
# Names that stand in no source of the project: of Kafka, libraries and databases, and made up on a page.
_OTHERS_NAMES: Final = frozenset(
    {
        "__transaction_state",
        "exactly_once",
        "figures_amplifications",
        "record_value",
        "subject_handle",
        "PreparingRebalance",
    }
    | {
        "MALLOC_MMAP_THRESHOLD_",
        "MALLOC_TRIM_THRESHOLD_",
        "TextUrl",
        "in_reply_to_",
        "to_json",
        "bluesky_did",
        "itemLabel",
    }
    | {
        "x_handle",
        "_01",
        "ID_",
        "test_follow_list",
        "FollowListReader",
        "amplified_for_days",
        "follow_list",
        "follow-list",
        "_WITHHOLD_DELETED",
    }
    | {"mapped-4cat", "mapped-coortweet", "mapped-qut"}  # targets of the fuzzer that are made of mapping files
)
_OTHERS_OPTIONS: Final = frozenset({"--to-datetime"})  # of Kafka's own command
_VARIABLE: Final = re.compile("ANTIPHON_(?:COLLECT_(?:X_COMPLIANCE_|NUMBERS_)?|CONSOLE_)?([A-Z_]+)")
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


def _prose(page: Path) -> str:
    return _without_code(_text(page))


@cache
def _source() -> str:
    """All source, and the names of its files."""
    files = [
        path
        for folder in ("streams", "tools", "tests", "bench", "ops", "schemas")
        for path in (_ROOT / folder).rglob("*")
        if path.suffix in _SOURCES and "corpus" not in path.parts
    ]
    files += [_ROOT / name for name in ("pyproject.toml", "Makefile", "docker-compose.yml")]
    return "\n".join(f"{path.stem}\n{'' if path == Path(__file__) else _text(path)}" for path in files)


@cache
def _words() -> frozenset[str]:
    return frozenset(re.findall(r"\w+", _source()))


@cache
def _options(command: click.Command) -> frozenset[str]:
    """The options of a command and of all below it."""
    own = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    below = _commands(command) if isinstance(command, click.Group) else []
    return frozenset(own | {"--help"}).union(*map(_options, below))


def _commands(group: click.Group) -> list[click.Command]:
    context = click.Context(group)
    return [found for name in group.list_commands(context) if (found := group.get_command(context, name))]


def _wrong_in(words: list[str]) -> list[str]:
    """Commands and options in what stands behind `antiphon` that do not exist."""
    command: click.Command = cli
    while isinstance(command, click.Group) and words and re.fullmatch("[a-z][a-z-]*", words[0]):
        found = command.get_command(click.Context(command), words[0])
        if found is None and command.name != "console":  # `antiphon console FOLDER` opens a folder
            return words[:1]
        if found is None:
            break
        command, words = found, words[1:]
    named = [word.partition("=")[0].rstrip(".,") for word in words if re.match("--[a-z]", word)]
    return [option for option in named if option not in _options(command)]


def _anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", _without_code(text), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _exists(path: str) -> bool:
    if any((_ROOT / folder / path).exists() for folder in _FOLDERS):
        return True
    return "/" not in path and any(any((_ROOT / folder).rglob(path)) for folder in ("streams", "ops", "bench"))


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


@pytest.mark.parametrize("page", _CURRENT, ids=lambda page: page.name)
def test_every_command_and_option_that_a_page_shows_exists(page: Path) -> None:
    blocks = "\n".join(re.findall(r"^ *```.*?^ *```$", _text(page), re.MULTILINE | re.DOTALL)).replace("\\\n", " ")
    shown = [" ".join(span.split()) for span in _SPAN.findall(_prose(page)) if span.startswith("antiphon ")]
    shown += re.findall(r"^(?:\$ |[A-Z_]+=\S+ |\S*/)*(antiphon [^|;&#\n]*)", blocks, re.MULTILINE)
    assert {line: wrong for line in shown if (wrong := _wrong_in(line.split()[1:]))} == {}
    options = {span for span in _SPAN.findall(_prose(page)) if re.fullmatch("--[a-z-]+", span)}
    known = _options(cli) | _OTHERS_OPTIONS
    assert [name for name in sorted(options) if name not in known and f'"{name}"' not in _source()] == []


def test_a_command_or_an_option_that_does_not_exist_would_be_found() -> None:
    assert _wrong_in(["roster", "publish", "FILE", "--correction"]) == []
    assert _wrong_in(["roster", "publsh", "FILE"]) == ["publsh"]
    assert _wrong_in(["backtest", "FILE", "--roster", "R", "--rule", "MINE"]) == ["--rule"]


@pytest.mark.parametrize("page", _CURRENT, ids=lambda page: page.name)
def test_every_name_that_a_page_says_is_one_of_the_source(page: Path) -> None:
    """Modules, functions, types, settings, fields, topics, formats, rules: what has `_`, `-` or two capitals."""
    words = {word for span in _SPAN.findall(_prose(page)) for word in re.findall(r"[A-Za-z_]\w*", span)}
    named = {word for word in words if "_" in word or re.search("[a-z][A-Z]", word)} - _OTHERS_NAMES
    unknown = [name for name in named if name not in _words() and _VARIABLE.sub(r"\1", name).lower() not in _words()]
    hyphened = set(re.findall(r"`([a-z][a-z0-9]*(?:-[a-z0-9]+)+)`", _prose(page))) - _OTHERS_NAMES
    assert sorted(unknown) + [name for name in sorted(hyphened) if name not in _source()] == []


@pytest.mark.parametrize("page", _CURRENT, ids=lambda page: page.name)
def test_what_a_page_names_beside_a_module_is_in_that_module(page: Path) -> None:
    """As in (`jobs/drain.py`, `wait_until_drained`), and as in `RawProgress.roster`."""
    for path, name in re.findall(r"\(`([\w/]+\.py)`,\s`(\w+)`", _prose(page)):
        modules = [found for folder in _FOLDERS if (found := _ROOT / folder / path).exists()]
        modules += [] if modules else list((_ROOT / "streams").rglob(path))
        assert any(re.search(_DEFINITION.format(name), _text(module), re.MULTILINE) for module in modules), (path, name)
    for owner, name in re.findall(r"`([A-Z]\w+)\.(\w+)`", _prose(page)):
        classes = re.findall(rf"^class {owner}\b.*?(?=^\S|\Z)", _source(), re.MULTILINE | re.DOTALL)
        assert not classes or any(re.search(rf"\b{name}\b", text) for text in classes), (owner, name)


@pytest.mark.parametrize("page", _CURRENT, ids=lambda page: page.name)
def test_every_default_that_a_page_says_of_a_setting_is_the_codes(page: Path) -> None:
    """As in `evidence_days` (400), 14 days (`watch_days`) and `ANTIPHON_NOTIFY_RULE_LIMIT` (50)."""
    said = re.findall(r"`(?:ANTIPHON_)?(\w+)`\s\((\d[\d,.]*)\)", _prose(page))
    said += [(name, shown) for shown, name in re.findall(r"(\d[\d,.]*)\s[a-z]+\s\(`(\w+)`\)", _prose(page))]
    for name, shown in said:
        if (default := getattr(Settings(), name.lower(), None)) is not None:
            assert float(shown.replace(",", "")) == default, name


@pytest.mark.parametrize("page", _CURRENT, ids=lambda page: page.name)
def test_every_label_of_a_metric_that_a_page_names_is_set(page: Path) -> None:
    for metric, label, value in re.findall(r'`(antiphon_\w+)\{(\w+)="([^"]+)"', _prose(page)):
        assert label in _words(), (metric, label)
        assert f'"{value}"' in _source(), (metric, label, value)


@pytest.mark.parametrize("page", _CURRENT, ids=lambda page: page.name)
def test_every_figure_that_a_page_measures_exists(page: Path) -> None:
    named = {
        name
        for names in re.findall(r"python -m bench figures((?: [a-z-]+)*)", _text(page))
        for name in re.split(" {2,}", names)[0].split()
    }
    assert {name for name in named if not name.startswith("-")} <= set(FIGURES)


def test_the_table_of_mutants_has_each_patch_with_what_is_wrong_in_it() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \| `tests/", _text(_ROOT / "docs" / "chaos.md"), re.MULTILINE))
    patches = (_ROOT / "tests" / "chaos" / "mutants").glob("*.patch")
    wrong = {path.stem: " ".join(_text(path).partition("\n\n")[0].split()) for path in patches}
    assert rows == wrong
    assert f"All {len(rows)} mutants" in _text(_ROOT / "docs" / "chaos.md")


def test_the_tables_of_chaos_have_the_faults_and_the_defaults_of_settings() -> None:
    page = _text(_ROOT / "docs" / "chaos.md")
    injected = re.findall(r"^\| ([^|`]+) \| \d+ \|$", page.partition("## The last runs")[2], re.MULTILINE)
    assert set(injected) - {"together"} <= {str(kind) for kind in FaultKind}
    shown = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|", page.partition("## What flows")[0], re.MULTILINE))
    defaults = {name: getattr(Settings(), name) for name in shown}
    assert {name: f"{value:g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else value
            for name, value in defaults.items()} == shown  # fmt: skip


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


def test_the_table_of_packages_has_all_in_the_order_of_their_imports() -> None:
    page = _text(_ROOT / "docs" / "architecture.md")
    rows = re.findall(r"^\| (`[^|]*`) \|", page.partition("\n## Packages\n")[2].partition("\n### ")[0], re.MULTILINE)
    named = [[name.removesuffix(".py").removesuffix("/") for name in re.findall(r"`(.+?)`", row)] for row in rows]
    layer_of = {name: number for number, layer in enumerate(LAYERS) for name in layer}
    assert {name for names in named for name in names} == layer_of.keys()
    layers = [{layer_of[name] for name in names} for names in named]
    assert all(len(numbers) == 1 for numbers in layers)
    assert layers == sorted(layers, key=min)


def test_every_topic_is_on_the_architecture_page() -> None:
    page = _text(_ROOT / "docs" / "architecture.md")
    missing = [topic.name for topic in TOPICS if not re.search(rf"\b{topic.name}\b", page)]
    assert missing == []


def test_consumers_are_told_of_every_enriched_topic_and_how_long_it_is_kept() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \|.*\| ([^|]+) \|$", _text(_ROOT / "docs" / "consuming.md"), re.MULTILINE)
    days = {
        topic.name: topic.retention_ms and topic.retention_ms // DAY_MS for topic in TOPICS if topic.role == "enriched"
    }
    assert {name: kept.partition(",")[0] for name, kept in rows} == {
        name: f"{kept} days" if kept else "the last of each key" for name, kept in days.items()
    }


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
        context = CollectorContext(
            settings=Settings(), collect=CollectSettings(), metrics=CollectorMetrics(CollectorRegistry())
        )
        async with collector.open(own, context) as [source], aclosing(source.chunks(cursor)) as chunks:
            return await anext(chunks)

    with lines_server(100) as server:
        chunk = asyncio.run(first_chunk(server.port, None))
        assert [event.id for event in chunk.events] == [str(number) for number in range(len(chunk.events))]
        assert (chunk.received, chunk.resumed) == (len(chunk.events), True)
        begin = len(chunk.events) // 2
        assert begin > 0
        again = asyncio.run(first_chunk(server.port, b"%d" % begin))
    assert (again.events[0].id, again.resumed) == (str(begin), True)
