"""docker-compose.yml as a program reads it: with its variables filled in and its merge keys merged."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

__all__ = ["COMPOSE_FILE", "composition", "variables"]

COMPOSE_FILE: Final = Path(__file__).parents[2] / "docker-compose.yml"

# As far as ours goes: ${NAME:-default}, ${NAME-default} where nothing is a value, too, ${NAME:?message}, and $$ for a
# dollar.
_VARIABLE: Final = re.compile(r"\$\$|\$\{(\w+)(:[-?]|-)([^}]*)\}|\$")
_DEFAULTS: Final = frozenset({":-", "-"})


def composition(environment: Mapping[str, str]) -> dict[str, Any]:
    """The file under an environment. Raises `KeyError` for a variable that has no default and is not set."""
    loaded: dict[str, Any] = _filled(_merged(), environment)
    return loaded


def variables() -> dict[str, str | None]:
    """Every variable in the file and its default, `None` where there is none."""
    return dict(_variables(_merged()))


def _merged() -> Any:
    return yaml.safe_load(COMPOSE_FILE.read_text(encoding="utf-8"))


def _variables(node: Any) -> Iterator[tuple[str, str | None]]:
    for text in _texts(node):
        for match in _VARIABLE.finditer(text):
            if match[0] == "$":
                raise ValueError(f"a lone dollar in {text!r}")
            if match[1]:
                yield match[1], match[3] if match[2] in _DEFAULTS else None


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for item in node:
            yield from _texts(item)
    elif isinstance(node, dict):
        for value in node.values():
            yield from _texts(value)


def _filled(node: Any, environment: Mapping[str, str]) -> Any:
    def fill(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        value = environment.get(match[1])
        if value is None or (not value and match[2] != "-"):
            value = match[3] if match[2] in _DEFAULTS else None
        if value is None:
            raise KeyError(match[1])
        return value

    if isinstance(node, str):
        return _VARIABLE.sub(fill, node)
    if isinstance(node, list):
        return [_filled(item, environment) for item in node]
    if isinstance(node, dict):
        return {key: _filled(value, environment) for key, value in node.items()}
    return node
