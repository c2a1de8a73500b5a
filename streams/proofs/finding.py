"""Finds the smallest proof that verifies: with more and more events, until what was published follows from them."""

from collections.abc import Callable
from io import BytesIO

from msgspec import Struct

from streams.proofs.answers import Answer, Verdict
from streams.proofs.archive import open_archive
from streams.proofs.building import proof_file
from streams.proofs.checking import verify
from streams.proofs.closure import Reach
from streams.proofs.material import ProofMaterial

__all__ = ["Proof", "smallest_proof"]


class Proof(Struct, frozen=True, kw_only=True):
    """The bytes of the file, and what verifying them says."""

    file: bytes
    verdict: Verdict
    events: int


def smallest_proof(material: Callable[[Reach], ProofMaterial], *, least: Reach, redact: bool) -> Proof:
    """The first proof that does not fail, with events of `least` reach or more; where all fail, the last.

    Raises `ValueError` where it would be larger than a proof may be.
    """
    proof: Proof | None = None
    for reach in Reach:
        if reach < least:
            continue
        made_of = material(reach)
        file = proof_file(made_of, redact=redact)
        proof = Proof(file=file, verdict=verify(open_archive(BytesIO(file), len(file))), events=len(made_of.events))
        if proof.verdict.answer is not Answer.FAILED:
            break
    if proof is None:
        raise AssertionError("there is always a reach")
    return proof
