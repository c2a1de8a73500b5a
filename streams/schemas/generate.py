"""The files of `schemas/`: made from the code, written out, and compared with what is there."""

from pathlib import Path
from typing import Final

import msgspec

from streams.schemas.asyncapi import asyncapi_document
from streams.schemas.connect import connect_schemas
from streams.schemas.documents import schema_document
from streams.schemas.examples import EXAMPLES
from streams.schemas.pages import page_schemas
from streams.schemas.payloads import PAYLOADS

__all__ = ["drift", "export", "generate"]

_GENERATED: Final = (
    "*.json",
    "connect/*.json",
    "examples/*.json",
)  # what in the directory is ours; `baseline/` is kept by hand


def generate() -> dict[str, bytes]:
    """Every file by its path within `schemas/`, as JSON with two spaces and a newline at the end."""
    files: dict[str, bytes] = {}
    for payload in PAYLOADS:
        examples = [value for schema, value in EXAMPLES.values() if schema == payload.name]
        files[f"{payload.name}.schema.json"] = _file(schema_document(payload, examples))
    for name, schema in page_schemas().items():
        files[f"{name}.schema.json"] = _file(schema)
    for name, (_, value) in EXAMPLES.items():
        files[f"examples/{name}.json"] = _file(value)
    for name, schema in connect_schemas().items():
        files[f"connect/{name}"] = _file(schema)
    files["asyncapi.json"] = _file(asyncapi_document())
    return files


def export(directory: Path) -> list[str]:
    """Write every file, replacing what stands there, and return the paths within the directory.

    Removes nothing: `drift` names files that are no longer generated. Raises `OSError` where it cannot write.
    """
    files = generate()
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return list(files)


def drift(directory: Path) -> list[str]:
    """What in the directory is not what the code says: missing, different and left-over files."""
    files = generate()
    problems: list[str] = []
    for name, content in files.items():
        path = directory / name
        if not path.is_file():
            problems.append(f"{name} is missing; run `antiphon schemas export`")
        elif path.read_bytes() != content:
            problems.append(f"{name} is not what the code says; run `antiphon schemas export`")
    found = {path.relative_to(directory).as_posix() for pattern in _GENERATED for path in directory.glob(pattern)}
    problems += [f"{name} is not generated any more; delete it" for name in sorted(found - files.keys())]
    return problems


def _file(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
