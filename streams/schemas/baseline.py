"""The schemas of the last release, and whether what the code says now breaks those who rely on them."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from streams.schemas.compatibility import compatibility
from streams.schemas.generate import drift, generate
from streams.schemas.payloads import PAYLOADS, Direction, Payload

__all__ = ["BASELINE", "breaks", "check", "record_baseline"]

BASELINE: Final = "baseline"  # the folder within `schemas/`
_ASYNCAPI: Final = "asyncapi.json"
_SUFFIX: Final = ".schema.json"


def check(directory: Path) -> list[str]:
    """All that is wrong with `schemas/`: what is not what the code says, and what breaks the last release's readers and
    writers. One sentence each, in both cases naming the file.
    """
    if not directory.is_dir():
        return [f"there is no directory {directory}; run `antiphon schemas export`"]
    return drift(directory) + breaks(directory / BASELINE)


def breaks(baseline: Path) -> list[str]:
    """What the schemas that the code makes now break for those who rely on the ones in `baseline`."""
    files = {path.name: path for path in sorted(baseline.glob(f"*{_SUFFIX}"))}
    if not files:
        return [f"there is no baseline in {baseline}: copy the schemas of the last release there"]
    new = {name: json.loads(content) for name, content in generate().items()}
    payloads = {f"{payload.name}{_SUFFIX}": payload for payload in PAYLOADS}
    problems: list[str] = []
    for name, path in files.items():
        if name in payloads:
            problems += _against(path, partial(_payload_breaks, payloads[name], new[name]))
        else:
            problems.append(f"{name}: the schema is gone, and with it the payload it described")
    return problems + _against(baseline / _ASYNCAPI, partial(_topic_breaks, new[_ASYNCAPI]))


def _against(path: Path, compare: Callable[[dict[str, Any]], list[str]]) -> list[str]:
    """The breaks against one file of the baseline, each with the file's name."""
    try:
        return [f"{path.name}: {problem}" for problem in compare(json.loads(path.read_bytes()))]
    # The file is missing, is no JSON, or is JSON that no release wrote.
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return [f"{BASELINE}/{path.name} is missing or damaged; restore it from the last release"]


def record_baseline(directory: Path) -> list[str]:
    """Make the present schemas of topics the baseline, as part of a release; returns the names of the files written.

    Those of the console's pages follow the pages. Files of schemas that are gone are removed. Raises `OSError` where it
    cannot write.
    """
    baseline = directory / BASELINE
    baseline.mkdir(parents=True, exist_ok=True)
    promised = {_ASYNCAPI, *(f"{payload.name}{_SUFFIX}" for payload in PAYLOADS)}
    files = {name: content for name, content in generate().items() if name in promised}
    for path in baseline.glob("*.json"):
        if path.name not in files:
            path.unlink()
    for name, content in files.items():
        (baseline / name).write_bytes(content)
    return list(files)


def _payload_breaks(payload: Payload, new: dict[str, Any], old: dict[str, Any]) -> list[str]:
    problems: list[str] = []
    for direction in payload.directions:
        problems += compatibility(old, new, direction)
    if "input" in payload.directions:
        for number, example in enumerate(old.get("examples", []), start=1):
            try:
                msgspec.convert(example, payload.type)
            except msgspec.ValidationError as error:
                problems.append(f"example {number} of the last release is refused: {error}")
    return list(dict.fromkeys(problems))


def _topic_breaks(new: dict[str, Any], old: dict[str, Any]) -> list[str]:
    problems: list[str] = []
    for name, channel in old["channels"].items():
        now = new["channels"].get(name)
        if now is None:
            problems.append(f"the topic {name} is gone")
            continue
        if now["messages"].keys() != channel["messages"].keys():
            problems.append(f"the topic {name} carries another payload")
        direction: Direction = "input" if {"name": "raw"} in channel["tags"] else "output"
        for message in now["messages"].keys() & channel["messages"].keys():
            changes = compatibility(_key(old, message), _key(new, message), direction)
            problems += [f"the key of {name}: {change.removeprefix('the value: ')}" for change in changes]
        before, after = (c["bindings"]["kafka"]["topicConfiguration"]["cleanup.policy"] for c in (channel, now))
        if before != after:
            problems.append(f"the topic {name} is cleaned up by {'+'.join(after)}, it was by {'+'.join(before)}")
    return problems


def _key(document: dict[str, Any], message: str) -> dict[str, Any]:
    key: dict[str, Any] = document["components"]["messages"][message]["bindings"]["kafka"]["key"]
    return key
