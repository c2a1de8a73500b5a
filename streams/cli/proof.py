"""`antiphon proof`: makes files from which anybody can recompute an alert, and checks them."""

import click
from rich.text import Text

from streams.cli.groups import CommandGroup
from streams.cli.options import json_option
from streams.cli.proof_export import export
from streams.cli.proof_seal import key, seal, trusted_by
from streams.cli.proof_verdict import print_verdict, verdict_document, verified
from streams.cli.terminal import stdout, write_json
from streams.printable import printable
from streams.proofs.answers import Answer
from streams.proofs.archive import NotAProofError
from streams.proofs.seals import Trusted

__all__ = ["proof"]


@click.group(cls=CommandGroup)
def proof() -> None:
    """Make a file from which anybody can recompute an alert, and check one."""


proof.add_command(export)


@proof.command("verify")
@click.argument("file", metavar="FILE")
@click.option(
    "--key", "key_file", metavar="PUBKEY", help="It must be signed by this key, which you have from elsewhere."
)
@click.option("--tsa-ca", metavar="FILE", help="It must be time-stamped by an authority of these certificates (PEM).")
@json_option
@click.pass_context
def verify(ctx: click.Context, file: str, key_file: str | None, tsa_ca: str | None, as_json: bool) -> None:
    """Count everything in a proof again, offline, and say what agrees. Nothing in FILE is trusted.

    Exit status 1 if something does not agree, is partial or cannot be checked, 2 if FILE is no proof. A signature is
    checked with --key only, and a time stamp with --tsa-ca only: anybody can make both with keys of their own.
    """
    verdict = verified(file, trusted_by(key_file, tsa_ca))
    if as_json:
        write_json({"file": file} | verdict_document(verdict))
    else:
        print_verdict(verdict)
    if verdict.answer is not Answer.OK:
        ctx.exit(1)


@proof.command("digest")
@click.argument("file", metavar="FILE")
def digest(file: str) -> None:
    """Print the id of a proof: the SHA-256 of its manifest, to be noted or time-stamped elsewhere.

    It stands for every byte of the proof's files. Exit status 2 if FILE is no proof or its hashes do not agree.
    """
    verdict = verified(file, Trusted())
    if verdict.checks[0].answer is not Answer.OK:
        raise NotAProofError(f"{printable(file)}: {verdict.checks[0].detail}", remedy="see `antiphon proof verify`")
    stdout().print(Text(verdict.id))


proof.add_command(key)
proof.add_command(seal)
