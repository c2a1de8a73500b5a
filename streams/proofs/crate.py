"""`ro-crate-metadata.json`: what each file of a proof is, for machines that know RO-Crate.

Source: RO-Crate 1.1, and the profile Process Run Crate 0.5, which says how a run of a program is described and builds
on 1.1. Their recommended author, publisher and agent are left out: a proof does not say who made it.
"""

from collections.abc import Mapping
from typing import Any, Final

from streams import __version__
from streams.core.clock import from_us
from streams.printable import printable
from streams.proofs import layout
from streams.proofs.layout import pretty
from streams.proofs.material import ProofMaterial
from streams.proofs.readme_text import sentences_of

__all__ = ["crate_of"]

_MEANINGS: Final[dict[str, tuple[str, str]]] = {
    layout.ALERT: ("application/json", "The alert as it was published"),
    layout.VERSIONS: ("application/x-ndjson", "Every version of the alerts, oldest first"),
    layout.DOSSIER: ("application/json", "Everything counted about the subject"),
    layout.AFTERMATH: ("application/json", "What officials of a State did after the subject was suspended"),
    layout.EVENTS: ("application/x-ndjson", "The events as they were received, one a line"),
    layout.INDEX: ("application/x-ndjson", "Which event stands in each line, its SHA-256 and where it stood"),
    layout.ROSTER: ("text/csv", "Who is an official, when, and by which source"),
    layout.RULES: ("application/toml", "The rules"),
    layout.COVERAGE: ("application/json", "What the sources did not see"),
    layout.EXPECTED: ("application/json", "What the recount must come to"),
    layout.ENVIRONMENT: ("application/json", "The version and the bounds that decide"),
    layout.PAGE: ("text/html", "All of this to read"),
    layout.README: ("text/plain", "What this is and how to check it"),
}
_INPUTS: Final = frozenset({layout.EVENTS, layout.INDEX, layout.ROSTER, layout.RULES})
_RECORDS: Final = ("alert", "dossier", "aftermath")
_VERSION: Final = "https://w3id.org/ro/crate/1.1"
_PROFILE: Final = "https://w3id.org/ro/wfrun/process/0.5"
_SOFTWARE: Final = "urn:antiphon:software"  # a name that is no address, as of the schemas
_LICENSE: Final = "#terms"


def crate_of(material: ProofMaterial, files: Mapping[str, bytes], *, redacted: bool, note: str) -> bytes:
    """The metadata of a proof with these files. It is dated by event time, since it must be the same everywhere."""
    present = sorted(files)
    results = [name for name in present if name.startswith(_RECORDS)]
    sentences = " ".join(sentences_of(material)) or "What was published about a subject."
    if note:
        sentences = f"{note} {sentences}"
    dated = from_us(material.read_up_to_us).isoformat()
    graph: list[dict[str, Any]] = [
        {
            "@id": layout.CRATE,
            "@type": "CreativeWork",
            "conformsTo": {"@id": _VERSION},
            "about": {"@id": "./"},
        },
        {
            "@id": "./",
            "@type": "Dataset",
            "name": f"Proof of {material.about.kind} {printable(material.about.id)}",
            "description": sentences + (" Texts are left out of this copy." if redacted else ""),
            "datePublished": dated,
            "license": {"@id": _LICENSE},
            "conformsTo": {"@id": _PROFILE},
            "hasPart": [{"@id": name} for name in present],
            "mentions": {"@id": "#count"},
        },
        {
            "@id": "#count",
            "@type": "CreateAction",
            "name": "Counting the events again by the roster and the rules",
            "description": "What `antiphon proof verify` does again, offline",
            "endTime": dated,
            "instrument": {"@id": _SOFTWARE},
            "object": [{"@id": name} for name in present if name in _INPUTS or name.startswith(layout.ROSTER_FOLDER)],
            "result": [{"@id": name} for name in results],
        },
        {
            "@id": _SOFTWARE,
            "@type": "SoftwareApplication",
            "name": "Antiphon",
            "url": {"@id": _SOFTWARE},
            "softwareVersion": __version__,
        },
        {
            "@id": _LICENSE,
            "@type": "CreativeWork",
            "name": "Terms of the platform",
            "description": "Texts of posts are under the terms of the platform and the rights of their authors.",
        },
        {
            "@id": _PROFILE,
            "@type": "CreativeWork",
            "name": "Process Run Crate",
            "version": _PROFILE.rpartition("/")[2],
        },
    ]
    graph += [_file(name, files[name]) for name in present]
    return pretty({"@context": f"{_VERSION}/context", "@graph": graph})


def _file(name: str, data: bytes) -> dict[str, Any]:
    other = ("application/json", "A record as it was published")
    if name.startswith(layout.ROSTER_FOLDER):
        other = ("text/csv", "Another roster, by which earlier versions or other alerts were counted")
    media_type, meaning = _MEANINGS.get(name, other)
    described = {"name": name, "description": meaning, "encodingFormat": media_type, "contentSize": str(len(data))}
    return {"@id": name, "@type": "File"} | described
