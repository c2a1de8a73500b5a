"""`signature.dsse.json`: who vouches for a proof. A DSSE envelope around the manifest, with Ed25519 signatures.

The envelope has no key in it: whoever made a file could have put any key there. Source: DSSE 1.0.2, protocol.md and
envelope.md.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from streams.printable import printable
from streams.proofs import layout
from streams.proofs.answers import Answer, Check, failed
from streams.proofs.layout import Sha256, pretty
from streams.proofs.signing_keys import PublicKey, SigningKey

__all__ = ["PAYLOAD_TYPE", "pre_authentication", "signature_check", "signed"]

PAYLOAD_TYPE: Final = "application/vnd.antiphon.proof-manifest+json"
_QUESTION: Final = "signature"
_MOST_SIGNATURES: Final = 16
_SHOWN: Final = 16  # characters of a fingerprint


class _Signature(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    keyid: Sha256
    sig: Annotated[bytes, Meta(min_length=64, max_length=64)]


class _Envelope(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """In the order of their keys, each once; so the same signers write the same bytes."""

    payload: bytes
    payloadType: str  # noqa: N815 - the name is the standard's
    signatures: Annotated[tuple[_Signature, ...], Meta(min_length=1, max_length=_MOST_SIGNATURES)]


_decoder: Final = msgspec.json.Decoder(_Envelope)


def pre_authentication(payload: bytes) -> bytes:
    """What is signed: DSSE's pre-authentication encoding of the manifest and its type."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def signed(manifest: bytes, key: SigningKey, before: bytes | None = None) -> bytes:
    """The envelope with one more signature than `before`, or the same one again. Raises `ValueError` where `before` is
    of something else or is full.
    """
    others = () if before is None else _envelope(manifest, before).signatures
    mine = _Signature(keyid=key.fingerprint, sig=key.sign(pre_authentication(manifest)))
    by_key = {each.keyid: each for each in (*others, mine)}
    if len(by_key) > _MOST_SIGNATURES:
        raise ValueError(f"it has {_MOST_SIGNATURES} signatures already")
    signatures = tuple(by_key[keyid] for keyid in sorted(by_key))
    return pretty(_Envelope(payload=manifest, payloadType=PAYLOAD_TYPE, signatures=signatures))


def signature_check(manifest: bytes, envelope: bytes | None, key: PublicKey | None) -> Check:
    """Whether somebody signed the manifest, and whether it was the holder of the key that the reader trusts."""
    if envelope is None:
        if key is None:
            return Check(question=_QUESTION, answer=Answer.NONE, detail="nobody signed it")
        return failed(_QUESTION, f"nobody signed it, and it was to be signed by key {key.fingerprint}")
    try:
        signatures = _envelope(manifest, envelope).signatures
    except ValueError as error:
        return failed(_QUESTION, f"{layout.SIGNATURE} {error}")
    named = [each.keyid for each in signatures]
    by = " and ".join(keyid if len(named) == 1 else f"{keyid[:_SHOWN]}…" for keyid in named)
    if key is None:
        detail = f"says that key {by} signed it; not checked, because no key was given: --key PUBKEY, from outside"
        return Check(question=_QUESTION, answer=Answer.STATED, detail=f"{detail} this file, or it proves nothing")
    mine = next((each for each in signatures if each.keyid == key.fingerprint), None)
    if mine is None:
        return failed(_QUESTION, f"wrong key: it says that key {by} signed it, and the key given is {key.fingerprint}")
    if not key.made(mine.sig, pre_authentication(manifest)):
        return failed(_QUESTION, f"broken: it names the key given, {key.fingerprint}, which did not make it")
    detail = f"signed by key {key.fingerprint}, which is the key given"
    if len(named) > 1:
        detail += f"; {len(named) - 1} more by other keys, not checked"
    return Check(question=_QUESTION, answer=Answer.OK, detail=detail)


def _envelope(manifest: bytes, data: bytes) -> _Envelope:
    """Raises `ValueError` for what is no envelope of this manifest, written in the one way in which it is written."""
    try:
        envelope = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"is no envelope with signatures: {printable(str(error), 200)}") from error
    keys = [each.keyid for each in envelope.signatures]
    if envelope.payloadType != PAYLOAD_TYPE or envelope.payload != manifest:
        raise ValueError(f"is around something else than {layout.MANIFEST}")
    if pretty(envelope) != data or keys != sorted(set(keys)):
        raise ValueError("is not written as Antiphon writes it")
    return envelope
