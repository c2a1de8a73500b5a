"""Makes the proofs in tests/proofs/corpus: `python -m tools.proofs.make_corpus`.

Only for a new version of the format or of the records. Proofs that are there stay: each must verify for ever.
A sealed one lies beside the public key and the authority's root that a reader would have from elsewhere; the private
keys are kept by nobody.
"""

import tempfile
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from streams import __version__
from streams.formats.registry import readers_named
from streams.jobs.proof_of_files import ProofInputs, proof_of_files
from streams.proofs.archive import open_archive
from streams.proofs.checking import verify
from streams.proofs.layout import VERSION
from streams.proofs.sealing import Seals, sealed
from streams.proofs.seals import Trusted
from streams.proofs.signing_keys import SigningKey, new_key
from tools.proofs.authority import Authority
from tools.proofs.story import ROSTER, RULES, story, written

__all__ = ["CORPUS", "main"]

CORPUS = Path(__file__).parents[2] / "tests" / "proofs" / "corpus"


def main() -> None:
    """Write proofs of the small story's subject, also without texts, and of its alerts, also a sealed one, unless they
    exist.
    """
    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder) / "events.ndjson"
        events.write_bytes(written(story()))
        inputs = ProofInputs(
            paths=(str(events),),
            readers=readers_named("canonical"),
            roster_csv=ROSTER,
            roster_path="roster.csv",
            rules_toml=RULES,
            rules_path="rules.toml",
        )
        subject = proof_of_files(inputs, "@new_voice")
        _write("subject", subject.file)
        _write("subject-without-texts", proof_of_files(inputs, "@new_voice", redact=True).file)
        with (CORPUS / _name("subject")).open("rb") as file:
            archive = open_archive(file, file.seek(0, 2))
            ids = [name.removeprefix("alerts/")[:12] for name in archive.entries if name.startswith("alerts/")]
        for alert in ids:
            _write(f"alert-{alert}", proof_of_files(inputs, alert).file)
        _write_sealed(f"alert-{ids[0]}-sealed", proof_of_files(inputs, ids[0]).file, Path(folder))


def _write_sealed(what: str, proof: bytes, folder: Path) -> None:
    """With an Ed25519 signature and a time stamp, by a key and an authority that exist only for it."""
    path = CORPUS / _name(what)
    if path.exists():
        print(f"{path.name} is kept as it is")
        return
    private, public = new_key()
    authority = Authority(folder)
    seals = Seals(
        key=SigningKey(private, "the key"),
        timestamp=lambda manifest: authority.stamp(sha256(manifest).hexdigest()),
    )
    made, _ = sealed(proof, verify(open_archive(BytesIO(proof), len(proof)), Trusted()), seals)
    _write(what, made)
    path.with_suffix(".key.pem").write_bytes(public)
    path.with_suffix(".authority.pem").write_bytes(authority.root.read_bytes())


def _name(what: str) -> str:
    return f"{__version__}-format-{VERSION}-{what}.zip"


def _write(what: str, proof: bytes) -> None:
    path = CORPUS / _name(what)
    if path.exists():
        print(f"{path.name} is kept as it is")
    else:
        path.write_bytes(proof)
        print(f"{path.name}: {len(proof):,} bytes")


if __name__ == "__main__":
    CORPUS.mkdir(exist_ok=True)
    main()
