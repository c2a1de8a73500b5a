"""`ro-crate-metadata.json` is what RO-Crate 1.1 and Process Run Crate 0.5 say that it must be.

The checks are written from both specifications, since their validator needs a network and an older library than ours.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import pytest

from streams.proofs import layout
from tests.proofs.conftest import Prove
from tests.proofs.forging import files_in

_Entity = Mapping[str, Any]

_SPECIFICATION: Final = "https://w3id.org/ro/crate/1.1"
_PROFILE: Final = "https://w3id.org/ro/wfrun/process/0.5"
# The terms of the context https://w3id.org/ro/crate/1.1/context that a proof uses.
_TYPES: Final = frozenset({"CreateAction", "CreativeWork", "Dataset", "File", "SoftwareApplication"})
_TERMS: Final = frozenset(
    {"about", "conformsTo", "contentSize", "datePublished", "description", "encodingFormat", "endTime", "hasPart"}
    | {"instrument", "license", "mentions", "name", "object", "result", "softwareVersion", "url", "version"}
)


def _problems(metadata: bytes, files: Mapping[str, bytes]) -> list[str]:
    """Each sentence of the specifications with a MUST that does not hold."""
    document = json.loads(metadata)
    entities: list[_Entity] = document["@graph"]
    by_id: dict[str, _Entity] = {each["@id"]: each for each in entities}
    found = [] if document["@context"] == f"{_SPECIFICATION}/context" else ["the context is not that of RO-Crate 1.1"]
    if len(by_id) != len(entities):
        found.append("an entity is there twice")
    for each in entities:
        types = _types(each)
        if not types or not types <= _TYPES:
            found.append(f"{each['@id']}: type {sorted(types)} is no term of the context")
        unknown = {name for name in each if not name.startswith("@")} - _TERMS
        found += [f"{each['@id']}: {name} is no term of the context" for name in sorted(unknown)]
        nested = [value for value in _values(each) if isinstance(value, dict) and set(value) != {"@id"}]
        found += [f"{each['@id']}: an entity is nested in another" for _ in nested]
        loose = [at for at in _references(each) if at not in by_id and not at.startswith("https://")]
        found += [f"{each['@id']}: nothing describes {at}" for at in loose]
    found += _of_the_descriptor(by_id)
    found += _of_the_root(by_id)
    found += _of_the_files(by_id, files)
    found += _of_the_run(by_id)
    return found


def _of_the_descriptor(by_id: Mapping[str, _Entity]) -> Iterator[str]:
    descriptor = by_id.get("ro-crate-metadata.json", {})
    wanted = {"@type": "CreativeWork", "about": {"@id": "./"}, "conformsTo": {"@id": _SPECIFICATION}}
    for name, value in wanted.items():
        if descriptor.get(name) != value:
            yield f"the descriptor's {name} is {descriptor.get(name)}"


def _of_the_root(by_id: Mapping[str, _Entity]) -> Iterator[str]:
    root = by_id.get("./", {})
    if _types(root) != {"Dataset"}:
        yield "the root is no Dataset"
    for name in ("name", "description", "license", "datePublished"):
        if not root.get(name):
            yield f"the root has no {name}"
    try:
        datetime.fromisoformat(root.get("datePublished", ""))
    except ValueError:
        yield "datePublished is no date of ISO 8601"
    if root.get("conformsTo") != {"@id": _PROFILE} or _types(by_id.get(_PROFILE, {})) != {"CreativeWork"}:
        yield "the root does not say which profile it keeps to"


def _of_the_files(by_id: Mapping[str, _Entity], files: Mapping[str, bytes]) -> Iterator[str]:
    parts = {part["@id"] for part in by_id.get("./", {}).get("hasPart", [])}
    described = {name for name, each in by_id.items() if "File" in _types(each)}
    if parts != described:
        yield f"the root's parts and the files that are described differ: {sorted(parts ^ described)}"
    own = {layout.MANIFEST, layout.SUMS, layout.CRATE}
    if parts != files.keys() - own:
        yield f"the parts are not the files of the proof: {sorted(parts ^ (files.keys() - own))}"
    for name in sorted(described & files.keys()):
        each = by_id[name]
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", each.get("encodingFormat", "").replace("+", "")):
            yield f"{name} has no media type"
        if each.get("contentSize") != str(len(files[name])):
            yield f"{name} has another size"


def _of_the_run(by_id: Mapping[str, _Entity]) -> Iterator[str]:
    runs = [each for each in by_id.values() if "CreateAction" in _types(each)]
    mentioned = {by_id["./"].get("mentions", {}).get("@id")} if "./" in by_id else set()
    if not runs or {run["@id"] for run in runs} != mentioned:
        yield "the root mentions another run than is described"
    for run in runs:
        software = by_id.get(run.get("instrument", {}).get("@id", ""), {})
        if _types(software) != {"SoftwareApplication"} or not software.get("name"):
            yield "nothing says which program ran"
        if not run.get("object") or not run.get("result"):
            yield "a run without what went in and came out"


def _types(entity: _Entity) -> set[str]:
    given = entity.get("@type", [])
    return {given} if isinstance(given, str) else set(given)


def _values(entity: _Entity) -> Iterator[Any]:
    for value in entity.values():
        yield from value if isinstance(value, list) else [value]


def _references(entity: _Entity) -> Iterator[str]:
    return (value["@id"] for value in _values(entity) if isinstance(value, dict) and "@id" in value)


def test_the_metadata_of_every_kind_of_proof_is_as_the_specifications_say(
    prove: Prove, subject_proof: bytes, alert_proof: bytes, alert_ids: dict[str, str]
) -> None:
    """Of a subject, of an alert on it, of one on an aftermath, and without texts."""
    on_aftermath = prove(alert_ids["cleaned"]).file
    for proof in (subject_proof, alert_proof, on_aftermath, prove("@new_voice", redact=True).file):
        files = files_in(proof)
        assert _problems(files[layout.CRATE], files) == []


def test_a_run_takes_what_was_received_and_gives_what_was_told(subject_proof: bytes) -> None:
    """Events, roster and rules in; alerts, dossier and aftermath out."""
    graph = {each["@id"]: each for each in json.loads(files_in(subject_proof)[layout.CRATE])["@graph"]}
    taken, given = ({part["@id"] for part in graph["#count"][name]} for name in ("object", "result"))
    assert taken == {layout.EVENTS, layout.INDEX, layout.ROSTER, layout.RULES}
    assert {name.partition("/")[0] for name in given} == {"alerts", layout.DOSSIER, layout.AFTERMATH}


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('"https://w3id.org/ro/crate/1.1/context"', '"https://example.org/"', "the context is not that"),
        (
            '"conformsTo": {\n    "@id": "https://w3id.org/ro/crate/1.1"',
            '"conformsTo": {\n    "@id": "x"',
            "descriptor's",
        ),
        ('"datePublished": "', '"datePublished": "on ', "no date of ISO 8601"),
        ('"@type": "Dataset"', '"@type": "File"', "the root is no Dataset"),
        ('"contentSize": "', '"contentSize": "9', "has another size"),
        ('"softwareVersion"', '"softwareRelease"', "softwareRelease is no term"),
        ('"@id": "#terms",', '"@id": "#other",', "nothing describes #terms"),
        ('"@type": "SoftwareApplication"', '"@type": "CreativeWork"', "nothing says which program ran"),
        ('"@id": "page.html",\n', '"@id": "page.htm",\n', "parts and the files that are described differ"),
    ],
)
def test_the_checks_notice_what_is_wrong(alert_proof: bytes, right: str, wrong: str, said: str) -> None:
    """Each kind of sentence in them."""
    files = files_in(alert_proof)
    metadata = files[layout.CRATE].decode()
    assert right in metadata
    assert any(said in problem for problem in _problems(metadata.replace(right, wrong).encode(), files))
