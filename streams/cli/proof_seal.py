"""`antiphon proof key` and `antiphon proof seal`: who vouches for a proof, and when it existed."""

import asyncio
import os
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

import click
from msgspec import Struct
from rich.text import Text

from streams.cli.options import json_option
from streams.cli.proof_verdict import print_verdict, verdict_document, verified, write_proof
from streams.cli.terminal import stdout, write_json
from streams.errors import InputError
from streams.jobs.timestamping import ask_authority
from streams.printable import printable, why_unreadable
from streams.proofs.answers import Answer
from streams.proofs.sealing import Seals, sealed
from streams.proofs.seals import Trusted
from streams.proofs.signing_keys import PublicKey, SigningKey, new_key
from streams.proofs.timestamps import Authorities, chain_of, timestamp_of

__all__ = ["SealOptions", "key", "seal", "seal_options", "seals_of", "trusted_by"]

_MOST_BYTES: Final = 64 * 1024  # of a file with keys, certificates or a time stamp


class SealOptions(Struct, frozen=True, kw_only=True):
    """What the options of `seal_options` were given."""

    sign: str | None
    timestamp: str | None
    timestamp_url: str | None
    timestamp_chain: str | None


_OPTIONS: Final = (
    click.option("--sign", metavar="KEYFILE", help="Sign it with this Ed25519 key (`antiphon proof key`)."),
    click.option("--timestamp", metavar="FILE.tsr", help="Put in this time stamp of its id (RFC 3161)."),
    click.option("--timestamp-url", metavar="URL", help="Ask this time-stamping authority, which learns the id only."),
    click.option("--timestamp-chain", metavar="FILE", help="Certificates (PEM) that the time stamp has not in itself."),
)


def seal_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say which seals a proof gets, as one argument `seal_with`."""

    @wraps(command)
    def with_options(*arguments: Any, **named: Any) -> None:
        given = {field: named.pop(field) for field in SealOptions.__struct_fields__}
        command(*arguments, seal_with=SealOptions(**given), **named)

    for option in reversed(_OPTIONS):
        with_options = option(with_options)
    return with_options


def seals_of(given: SealOptions) -> Seals:
    """What the options say. Raises `InputError` for a file that is missing or is not what it should be."""
    if given.timestamp and given.timestamp_url:
        raise InputError("--timestamp and --timestamp-url exclude each other", remedy="leave one of the two out")
    if given.timestamp_chain and not (given.timestamp or given.timestamp_url):
        raise InputError("--timestamp-chain needs a time stamp", remedy="add --timestamp or --timestamp-url")
    chain = given.timestamp_chain
    return Seals(
        key=None if given.sign is None else SigningKey(_read(given.sign, "--sign"), printable(given.sign)),
        timestamp=_timestamp(given.timestamp, given.timestamp_url),
        chain=None if chain is None else chain_of(_read(chain, "--timestamp-chain"), printable(chain)),
    )


def _timestamp(path: str | None, url: str | None) -> Callable[[bytes], bytes] | None:
    if path is not None:
        answer = _read(path, "--timestamp")
        return lambda manifest: timestamp_of(answer, manifest, printable(path))
    if url is not None:
        return lambda manifest: asyncio.run(ask_authority(url, manifest))
    return None


def trusted_by(key_file: str | None, tsa_ca: str | None) -> Trusted:
    """What `--key` and `--tsa-ca` name. Raises `InputError` for a file that is missing or is not what it should be."""
    return Trusted(
        key=None if key_file is None else PublicKey(_read(key_file, "--key"), printable(key_file)),
        authorities=None if tsa_ca is None else Authorities(_read(tsa_ca, "--tsa-ca"), printable(tsa_ca)),
    )


def _read(path: str, option: str) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise InputError(f"{printable(path)}: {why_unreadable(error)}", remedy=f"name a file with {option}") from error
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
        raise InputError(
            f"{printable(path)}: {why_unreadable(error)}", remedy="name another file for the key"
        ) from error


@click.command()
@click.argument("file", metavar="FILE")
@seal_options
@click.option("--out", metavar="FILE", help="Write the sealed proof there. [FILE]")
@json_option
@click.pass_context
def seal(ctx: click.Context, file: str, seal_with: SealOptions, out: str | None, as_json: bool) -> None:
    """Add a signature or a time stamp to a proof. It keeps its id and the signatures that it has; a new time stamp
    takes the place of the one before.

    Exit status 1 if the proof does not verify whole, and then it is sealed all the same: a seal says who vouches for
    these bytes or when they existed, and no more.

    \b
    Examples:
      antiphon proof seal proof.zip --sign signing.pem
      antiphon proof seal proof.zip --timestamp-url https://freetsa.org/tsr
    """
    seals = seals_of(seal_with)
    if seals == Seals():
        raise InputError("nothing says how to seal it", remedy="add --sign, --timestamp or --timestamp-url")
    verdict = verified(file, Trusted())
    if verdict.checks[0].answer is not Answer.OK:
        raise InputError(f"{printable(file)}: {verdict.checks[0].detail}", remedy="seal the file as it was made")
    try:
        with open(file, "rb") as opened:
            made, verdict = sealed(opened.read(), verdict, seals)
    except ValueError as error:
        raise InputError(f"{printable(file)}: {error}", remedy="export the proof again, and seal that") from error
    write_proof(out or file, made)
    if as_json:
        write_json({"file": out or file, "bytes": len(made)} | verdict_document(verdict))
    else:
        stdout().print(Text(f"{printable(out or file)}: {len(made):,} bytes, id {verdict.id}"))
        print_verdict(verdict)
    if verdict.answer is not Answer.OK:
        ctx.exit(1)
