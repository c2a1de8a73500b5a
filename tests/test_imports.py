"""What may import what, and how a module has to look. The table of layers below is the rule; nothing else holds it."""

import ast
import functools
import graphlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from streams.topics import TOPICS

_ROOT: Final = Path(__file__).parents[1]
_PACKAGE: Final = "streams"

# From the bottom up. A room (a module or package of `streams`) imports itself and rooms of rows above its own in this
# table, never its neighbours in the same row and never a row further down.
LAYERS: Final[tuple[frozenset[str], ...]] = (
    frozenset({"errors", "printable", "redaction", "topic_names"}),
    frozenset({"events", "deadletters", "topic"}),
    frozenset({"refusal"}),
    frozenset({"core"}),
    frozenset({"topics"}),
    frozenset({"topic_partitions", "topic_settings"}),
    frozenset({"setting_sources"}),
    frozenset(
        {
            "settings",
            "formats",
            "faust_driver",
            "metrics",
            "rules_loading",
            "cases",
            "rosters",
            "ledger",
            "serving",
        }
    ),
    frozenset({"kafka", "probes", "sinks", "proofs"}),
    frozenset({"collectors", "partitions"}),
    frozenset({"agents"}),
    frozenset({"worker"}),
    frozenset({"jobs"}),
    frozenset({"console"}),
    frozenset({"schemas"}),
    frozenset({"cli"}),
)

# The same for what is inside core: `core.tracking` is a room there, and so is a module that stands alone.
CORE_LAYERS: Final[tuple[frozenset[str], ...]] = (
    frozenset({"clock", "content_hash", "countries", "platforms", "rounded_ids"}),
    frozenset({"country_names", "gone", "officials"}),
    frozenset({"dossier_parts", "subject_event", "suspension_times"}),
    frozenset({"identity"}),
    frozenset({"accounts", "country_event", "account_query", "tracked"}),
    frozenset({"bounds"}),
    frozenset({"canary", "evidence", "recounts", "rosters", "rulebook"}),
    frozenset({"country_recounts", "evidence_records", "enriched", "suspension_words", "texts"}),
    frozenset({"notifications", "retractions"}),
    frozenset({"alert_state", "canary_flight", "lead_time", "screening", "tracking"}),
    frozenset({"watching"}),
    frozenset({"enriched_topics", "evidence_retention", "rule_files"}),
    frozenset({"backtest", "case_file", "flattened", "notifying"}),
    frozenset({"corrections"}),
)

# What core, all below it and the topics must do without: clocks, chance, input and output come in as arguments.
PURE: Final = frozenset().union(*LAYERS[:6])
IMPURE_MODULES: Final = frozenset(
    {"faust", "mode", "aiokafka", "aiohttp", "prometheus_client", "click", "rich"}
    | {"asyncio", "threading", "multiprocessing", "subprocess", "socket"}
    | {"logging", "os", "pathlib", "shutil", "tempfile", "time", "random", "secrets", "uuid"}
)
IMPURE_CALLS: Final = frozenset({"now", "utcnow", "today"})  # of datetime and date
IMPURE_BUILTINS: Final = frozenset({"open", "print", "input"})

TOPIC_NAMES: Final = frozenset(topic.name for topic in TOPICS)
# The constants themselves, and the command `antiphon dead-letters`.
NAMES_TOPICS: Final = frozenset({"streams.topic_names", "streams.cli.main", "streams.cli.dead_letters"})

MOST_LINES: Final = 400
EMPTY_NAMES: Final = frozenset({"utils", "util", "helpers", "helper", "common", "misc"})


def _modules(folder: str) -> dict[str, Path]:
    return {
        ".".join(path.relative_to(_ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted((_ROOT / folder).rglob("*.py"))
    }


MODULES: Final = _modules(_PACKAGE)


@functools.cache
def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@functools.cache
def imports_of(tree: ast.Module) -> tuple[str, ...]:
    """Every module that the tree imports anywhere, functions included; `from a import b` is `a.b` if b is a module."""
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the direction"
            assert node.module is not None
            full = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [name if name in MODULES else node.module for name in full]
    return tuple(found)


def room_of(module: str) -> str | None:
    """The room of a module of ours; `None` for the package itself, which holds the version, and for foreign modules."""
    parts = module.split(".")
    return parts[1] if parts[0] == _PACKAGE and len(parts) > 1 else None


def room_in_core(module: str) -> str | None:
    """The room inside core; `None` for core itself and for every module outside it."""
    parts = module.split(".")
    return parts[2] if parts[:2] == [_PACKAGE, "core"] and len(parts) > 2 else None


def wrong_ways(module: str, tree: ast.Module) -> list[str]:
    """The imports of a module that go against the tables."""
    if room_of(module) is None:
        return [f"{module} imports {other}" for other in imports_of(tree) if room_of(other) is not None]
    return [
        f"{module} imports {other}"
        for other in imports_of(tree)
        if _goes_up(room_of(module), room_of(other), LAYERS)
        or _goes_up(room_in_core(module), room_in_core(other), CORE_LAYERS)
    ]


@functools.cache
def _rows(layers: tuple[frozenset[str], ...]) -> dict[str, int]:
    return {room: row for row, rooms in enumerate(layers) for room in rooms}


def _goes_up(own: str | None, other: str | None, layers: tuple[frozenset[str], ...]) -> bool:
    if own is None or other is None or own == other:
        return False
    return _rows(layers)[other] >= _rows(layers)[own]


def impurities(tree: ast.Module) -> list[str]:
    """What a tree imports or calls that a pure module must not."""
    found = [name for name in imports_of(tree) if name.partition(".")[0] in IMPURE_MODULES]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute) and node.func.attr in IMPURE_CALLS:
                found.append(f"{ast.unparse(node.func)}()")
            elif isinstance(node.func, ast.Name) and node.func.id in IMPURE_BUILTINS:
                found.append(f"{node.func.id}()")
    return found


def topic_literals(tree: ast.Module) -> list[str]:
    """Literals that name a topic: those with a hyphen, which are nothing else, and arguments of what takes a topic."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    takes_topic = {"topic", "read_topic", "follow_topic", "require_topic", "enriched_topic_named", "OutgoingRecord"}
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in takes_topic:
            found += [each.value for each in node.args if isinstance(each, ast.Constant) and each.value in TOPIC_NAMES]
        elif isinstance(node, ast.Constant) and id(node) not in docstrings and node.value in TOPIC_NAMES:
            found += [node.value] if "-" in node.value else []
    return found


def _is_bare_package(path: Path, tree: ast.Module) -> bool:
    """An `__init__.py` with nothing in it, or its docstring only."""
    return path.name == "__init__.py" and len(tree.body) <= (ast.get_docstring(tree) is not None)


@pytest.mark.parametrize(("layers", "named"), [(LAYERS, room_of), (CORE_LAYERS, room_in_core)], ids=["all", "core"])
def test_every_room_has_its_row(layers: tuple[frozenset[str], ...], named: Callable[[str], str | None]) -> None:
    rooms = {room for module in MODULES if (room := named(module)) is not None}
    assert len(rooms) > 5
    assert rooms <= frozenset().union(*layers), "give the new room a row in its table"
    assert sum(map(len, layers)) == len(frozenset().union(*layers)), "a room stands in two rows"


def test_imports_go_one_way() -> None:
    assert [wrong for module, path in MODULES.items() for wrong in wrong_ways(module, _parse(path))] == []


def test_a_topic_is_named_by_its_constant() -> None:
    others = {module: path for module, path in MODULES.items() if module not in NAMES_TOPICS}
    assert [f"{module}: {found}" for module, path in others.items() for found in topic_literals(_parse(path))] == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {module: {name for name in imports_of(_parse(path)) if name in MODULES} for module, path in MODULES.items()}
    order = list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError, which names the circle
    assert len(order) == len(MODULES)


def test_core_has_no_clock_no_chance_and_no_input_or_output() -> None:
    pure = {module: path for module, path in MODULES.items() if room_of(module) in PURE}
    assert len(pure) > 100
    assert [f"{module}: {wrong}" for module, path in pure.items() for wrong in impurities(_parse(path))] == []


def test_every_module_says_what_it_owns_and_what_it_offers() -> None:
    for module, path in MODULES.items():
        tree = _parse(path)
        if _is_bare_package(path, tree):
            continue
        assert ast.get_docstring(tree), f"{module} has no docstring"
        assigned = {ast.unparse(node.targets[0]) for node in tree.body if isinstance(node, ast.Assign)}
        assert "__all__" in assigned or path.name == "__main__.py", f"{module} has no __all__"


def test_no_module_is_longer_than_one_idea() -> None:
    modules = MODULES | _modules("bench")
    lines = {module: len(path.read_text(encoding="utf-8").splitlines()) for module, path in modules.items()}
    assert {module: length for module, length in lines.items() if length > MOST_LINES} == {}


@pytest.mark.parametrize("folder", [_PACKAGE, "tests", "bench"])
def test_every_file_and_folder_is_named_after_its_idea(folder: str) -> None:
    parts = {part.removeprefix("test_") for name in _modules(folder) for part in name.split(".")}
    assert parts.isdisjoint(EMPTY_NAMES)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("streams.core.x", "from streams.agents import app"),
        ("streams.core.x", "def f():\n    import streams.cli.main"),
        ("streams.events", "from streams.topics import Topic"),
        ("streams.formats.x", "from streams.settings import Settings"),
        ("streams", "from streams import events"),
        ("streams.core.texts.x", "from streams.core.watching.watcher import Watcher"),
        ("streams.core.clock", "from streams.core import officials"),
    ],
)
def test_an_import_against_the_table_is_found(module: str, source: str) -> None:
    assert len(wrong_ways(module, ast.parse(source))) == 1


@pytest.mark.parametrize("source", ['x = ("subject-events", 0)', 'read_topic(settings, "alerts")'])
def test_a_topic_that_is_named_by_a_literal_is_found(source: str) -> None:
    assert len(topic_literals(ast.parse(source))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "import asyncio",
        "import os.path",
        "from time import monotonic",
        "def f():\n    from aiokafka.client import AIOKafkaClient",
        "from datetime import datetime\nx = datetime.now(UTC)",
        "import datetime\nx = datetime.datetime.utcnow()",
        "x = open('f')",
    ],
)
def test_an_impurity_is_found(source: str) -> None:
    assert len(impurities(ast.parse(source))) == 1
