"""`ro-crate-metadata.json`: what each file of a proof is, for machines that know RO-Crate.

Source: RO-Crate 1.2, and the profile Process Run Crate 0.5, which says how a run of a program is described.
"""

from collections.abc import Iterable
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
    layout.ALERT: ("application/json", "The alert as it was told"),
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
_SOFTWARE: Final = "#antiphon"


def crate_of(material: ProofMaterial, names: Iterable[str], *, redacted: bool) -> bytes:
    """The metadata of a proof with these files. It is dated by event time, since it must be the same everywhere."""
    present = sorted(names)
    results = [name for name in present if name.startswith(_RECORDS)]
    graph: list[dict[str, Any]] = [
        {
            "@id": layout.CRATE,
            "@type": "CreativeWork",
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.2"},
            "about": {"@id": "./"},
        },
        {
            "@id": "./",
            "@type": "Dataset",
            "name": f"Proof of {material.about.kind} {printable(material.about.id)}",
            "description": " ".join(sentences_of(material)) or "What was told of a subject.",
            "datePublished": from_us(material.read_up_to_us).isoformat(),
            "license": "See the terms of the platform for its texts.",
            "conformsTo": {"@id": "https://w3id.org/ro/wfrun/process/0.5"},
            "hasPart": [{"@id": name} for name in present],
            "mentions": {"@id": "#count"},
        },
        {
            "@id": "#count",
            "@type": "CreateAction",
            "name": "Counting the events anew by the roster and the rules",
            "instrument": {"@id": _SOFTWARE},
            "object": [{"@id": name} for name in present if name in _INPUTS],
            "result": [{"@id": name} for name in results],
        },
        {"@id": _SOFTWARE, "@type": "SoftwareApplication", "name": "Antiphon", "softwareVersion": __version__},
        {"@id": "https://w3id.org/ro/wfrun/process/0.5", "@type": "CreativeWork", "name": "Process Run Crate"},
    ]
    graph += [_file(name) for name in present]
    if redacted:
        graph[1]["description"] += " Texts are left out of this copy."
    return pretty({"@context": "https://w3id.org/ro/crate/1.2/context", "@graph": graph})


def _file(name: str) -> dict[str, Any]:
    media_type, meaning = _MEANINGS.get(name, ("application/json", "A record as it was told"))
    return {"@id": name, "@type": "File", "name": meaning, "encodingFormat": media_type}
