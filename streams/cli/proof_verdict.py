"""Verifies a proof in a file, and shows people and programs what came of it."""

import os
import tempfile
from collections.abc import Mapping
from typing import Final

from rich.text import Text

from streams.cli.terminal import row, stdout, table
from streams.errors import InputError
from streams.printable import printable
from streams.proofs.answers import Answer, Verdict
from streams.proofs.archive import NotAProofError, open_archive
from streams.proofs.checking import verify
from streams.proofs.seals import Trusted

__all__ = ["print_verdict", "verdict_document", "verified", "write_proof"]

_COLOURS: Final[Mapping[Answer, str]] = {
    Answer.OK: "green",
    Answer.FAILED: "bold red",
    Answer.PARTIAL: "yellow",
    Answer.NOT_CHECKABLE: "yellow",
    Answer.STATED: "dim",
    Answer.NONE: "dim",
}
_MEANS: Final[Mapping[Answer, str]] = {
    Answer.OK: "The proof holds: what was published follows from the events, the roster and the rules in it.",
    Answer.FAILED: "The proof does not hold.",
    Answer.PARTIAL: "The proof is partial: a part of the figures is taken as counted.",
    Answer.NOT_CHECKABLE: "The proof cannot be checked whole: something that it rests on is left out.",
}
_CANNOT: Final = (
    "No proof shows that the platform served these bytes, that everything was seen, or who runs an account."
)

_A_PROOF: Final = "a proof is the file that `antiphon proof export` wrote, unchanged"
_NOT_A_FOLDER: Final = "name the ZIP file itself: what was unpacked from it is no proof, and neither is a run's folder"


def verified(file: str, trusted: Trusted) -> Verdict:
    """What verifying the file says. Raises `NotAProofError` where it is no proof, and `InputError` without a file."""
    try:
        with open(file, "rb") as opened:
            if not os.path.isfile(file):
                raise InputError(f"{printable(file)} is no file", remedy=_A_PROOF)
            return verify(open_archive(opened, os.fstat(opened.fileno()).st_size), trusted)
    except NotAProofError as error:
        remedy = error.remedy or _A_PROOF
        raise NotAProofError(f"{printable(file)} is no proof: {error.message}", remedy=remedy) from error
    except IsADirectoryError as error:
        raise InputError(f"{printable(file)} is a folder", remedy=_NOT_A_FOLDER) from error
    except FileNotFoundError as error:
        raise InputError(f"there is no file {printable(file)}", remedy=f"check the path; {_A_PROOF}") from error
    except OSError as error:
        remedy = f"name a file that this user may read; {_A_PROOF}"
        raise InputError(f"{printable(file)}: {error.strerror}", remedy=remedy) from error


def write_proof(out: str, data: bytes) -> None:
    """All of it or nothing."""
    folder, name = os.path.split(os.path.abspath(out))
    made = None
    try:
        number, made = tempfile.mkstemp(dir=folder, prefix=f".{name[:40]}-", suffix=".unfinished")
        with os.fdopen(number, "wb") as file:
            file.write(data)
        mask = os.umask(0o077)
        os.umask(mask)
        os.chmod(made, 0o666 & ~mask)
        os.replace(made, out)
    except OSError as error:
        if made is not None:
            os.unlink(made)
        raise InputError(f"{printable(out)}: {error.strerror}", remedy="name another file with --out") from error


def verdict_document(verdict: Verdict) -> dict[str, object]:
    """For `--json`."""
    return {
        "id": verdict.id,
        "about": verdict.about,
        "answer": verdict.answer,
        "checks": [
            {"question": each.question, "answer": each.answer, "detail": each.detail, "places": each.places}
            for each in verdict.checks
        ],
        "cannot_show": _CANNOT,
    }


def print_verdict(verdict: Verdict) -> None:
    """A table of the answers, and what they come to."""
    console = stdout()
    console.print(Text(f"Proof of {verdict.about}"))
    console.print()
    made = table("Question", "Answer", "What was found")
    for check in verdict.checks:
        row(made, check.question, Text(check.answer, style=_COLOURS[check.answer]), check.detail)
        for place in check.places[1:]:
            row(made, "", "", place, style="dim")
    console.print(made)
    console.print()
    console.print(Text(_MEANS[verdict.answer], style=_COLOURS[verdict.answer]))
    console.print(Text(_CANNOT, style="dim"))
