"""`antiphon proof key` and `antiphon proof seal`: who vouches for a proof."""

import os
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click
from rich.text import Text

from streams.cli.options import json_option
from streams.cli.proof_verdict import print_verdict, verdict_document, verified, write_proof
from streams.cli.terminal import stdout, write_json
from streams.errors import InputError
from streams.printable import printable
from streams.proofs.answers import Answer
from streams.proofs.sealing import Seals, sealed
from streams.proofs.seals import Trusted
from streams.proofs.signing_keys import PublicKey, SigningKey, new_key

__all__ = ["key", "read_public_key", "seal", "seal_options", "seals_of"]

_F = TypeVar("_F", bound=Callable[..., Any])
_MOST_BYTES: Final = 64 * 1024  # of a file with keys


def seal_options(command: _F) -> _F:
    """The options that say which seals a proof gets."""
    return click.option("--sign", metavar="KEYFILE", help="Sign it with this Ed25519 key (`antiphon proof key`).")(
        command
    )


def seals_of(sign: str | None) -> Seals:
    """What the options say. Raises `InputError` for a file that is missing or no key."""
    return Seals(key=None if sign is None else SigningKey(_read(sign, "--sign"), printable(sign)))


def read_public_key(path: str | None) -> PublicKey | None:
    """The key of `--key`. Raises `InputError` for a file that is missing or no public key."""
    return None if path is None else PublicKey(_read(path, "--key"), printable(path))


def _read(path: str, option: str) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"{printable(path)}: {reason}", remedy=f"name a file with {option}") from error
    if len(data) > _MOST_BYTES:
        raise InputError(f"{printable(path)} has more than {_MOST_BYTES:,} bytes", remedy=f"name a file with {option}")
    return data


@click.command()
@click.argument("file", metavar="FILE")
def key(file: str) -> None:
    """Make a key to sign proofs with: the private key in FILE, for its owner alone, and the public one in FILE.pub.

    Publish FILE.pub, or its fingerprint, where readers of your proofs know you. Nothing is overwritten.

    \b
    Example: antiphon proof key signing.pem
    """
    private, public = new_key()
    _create(file, private, 0o600)
    _create(f"{file}.pub", public, 0o644)
    console = stdout()
    console.print(Text(f"{printable(file)}: the private key, which signs (`antiphon proof export --sign`)"))
    console.print(Text(f"{printable(file)}.pub: the public key, which checks (`antiphon proof verify --key`)"))
    console.print(Text(f"fingerprint {PublicKey(public, file).fingerprint}"))


def _create(path: str, data: bytes, mode: int) -> None:
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(number, "wb") as file:
            file.write(data)
    except FileExistsError as error:
        raise InputError(f"{printable(path)} is there already", remedy="name another file for the key") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"{printable(path)}: {reason}", remedy="name another file for the key") from error


@click.command()
@click.argument("file", metavar="FILE")
@seal_options
@click.option("--out", metavar="FILE", help="Write the sealed proof there. [FILE]")
@json_option
@click.pass_context
def seal(ctx: click.Context, file: str, sign: str | None, out: str | None, as_json: bool) -> None:
    """Add a signature to a proof. It keeps its id and the seals that it has; several people may sign one proof.

    Exit status 1 if the proof does not verify whole, and then it is sealed all the same: a seal says who vouches for
    these bytes, and no more.

    \b
    Example: antiphon proof seal proof.zip --sign signing.pem
    """
    if sign is None:
        raise InputError("nothing says how to seal it", remedy="name a key with --sign")
    seals = seals_of(sign)
    verdict = verified(file, Trusted())
    if verdict.checks[0].answer is not Answer.OK:
        raise InputError(f"{printable(file)}: {verdict.checks[0].detail}", remedy="seal the file as it was made")
    try:
        with open(file, "rb") as opened:
            made, verdict = sealed(opened.read(), verdict, seals)
    except ValueError as error:
        raise InputError(f"{printable(file)}: {error}", remedy="export the proof anew, and seal that") from error
    write_proof(out or file, made)
    if as_json:
        write_json({"file": out or file, "bytes": len(made)} | verdict_document(verdict))
    else:
        stdout().print(Text(f"{printable(out or file)}: {len(made):,} bytes, id {verdict.id}"))
        print_verdict(verdict)
    if verdict.answer is not Answer.OK:
        ctx.exit(1)
