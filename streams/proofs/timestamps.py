"""`timestamp.tsr`: that a proof existed at a time, by the word of a time-stamping authority (RFC 3161).

The one place that knows the library `rfc3161-client`, which is an extra. What is stamped is the manifest, so with
SHA-256 the stamped digest is the proof's id. Certificates in the file only complete the chain to one that the reader
trusts, and never are that one.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from streams.errors import InputError
from streams.printable import printable
from streams.proofs import layout
from streams.proofs.answers import Answer, Check, failed
from streams.proofs.der_order import with_sorted_certificates
from streams.proofs.signing_keys import not_installed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

__all__ = ["Authorities", "chain_of", "timestamp_check", "timestamp_of"]

_QUESTION: Final = "time stamp"
_LIBRARY: Final = "rfc3161-client"
_DIGESTS: Final = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
_GRANTED: Final = 0
_MOST_CERTIFICATES: Final = 64


class Authorities:
    """The certificates of time-stamping authorities that a reader trusts, from a PEM file.

    Raises `InputError` where it has none, and `ConfigurationError` without the library.
    """

    def __init__(self, pem: bytes, name: str) -> None:
        try:
            import rfc3161_client  # noqa: F401 - what follows needs it
        except ImportError as error:
            raise not_installed("checking a time stamp", _LIBRARY) from error
        self.certificates = _certificates(pem, name)


def timestamp_of(answer: bytes, manifest: bytes, name: str, nonce: int | None = None) -> bytes:
    """The answer of an authority, unchanged, if it is a time stamp of this manifest.

    Raises `InputError` for what is none, is refused, is of something else, answers another question (`nonce`), or has
    no certificate of its signer in it.
    """
    try:
        stamp = _decoded(answer)
        wrong = _wrong(stamp, manifest)
        if not wrong and not stamp.signed_data.certificates:
            wrong = "has no certificate of who signed it: ask with certReq (`openssl ts -query -cert`)"
        if not wrong and nonce is not None and stamp.tst_info.nonce != nonce:
            wrong = "answers another question than was asked"
    except ImportError as error:
        raise not_installed("a time stamp", _LIBRARY) from error
    except Exception as error:  # as below
        raise InputError(f"{name} is no time stamp: {printable(str(error), 200)}", remedy=_ASK) from error
    if wrong:
        raise InputError(f"{name} {wrong}", remedy=_ASK)
    return answer


_ASK: Final = "have the digest of `antiphon proof digest` stamped: `openssl ts -query -digest ID -sha256 -cert`"


def chain_of(pem: bytes, name: str) -> bytes:
    """The certificates between an authority's and a root, in PEM; roots are left out, since a reader brings those.

    Raises as `Authorities` does.
    """
    from cryptography.hazmat.primitives.serialization import Encoding

    kept = {each.public_bytes(Encoding.PEM) for each in _certificates(pem, name) if not _signs_itself(each)}
    return b"".join(sorted(kept))


def timestamp_check(manifest: bytes, answer: bytes | None, chain: bytes | None, trusted: Authorities | None) -> Check:
    """Whether somebody time-stamped the manifest, when, and whether the reader trusts whoever did."""
    if answer is None:
        if chain is not None:
            return failed(_QUESTION, f"{layout.TIMESTAMP_CHAIN} is here, and no time stamp to which it belongs")
        if trusted is None:
            return Check(question=_QUESTION, answer=Answer.NONE, detail="nobody time-stamped it")
        return failed(_QUESTION, "nobody time-stamped it, and --tsa-ca was given")
    try:
        return _checked(manifest, answer, chain, trusted)
    except ImportError:
        detail = f"a time stamp is here; not read: {not_installed('reading it', _LIBRARY).remedy}"
        return Check(question=_QUESTION, answer=Answer.STATED, detail=detail)
    except InputError as error:
        return failed(_QUESTION, error.message)
    except Exception as error:  # noqa: BLE001 - the library raises what it likes, KeyError too, for a byte that is odd
        return failed(_QUESTION, f"{layout.TIMESTAMP} is no time stamp: {printable(str(error), 200)}")


def _checked(manifest: bytes, answer: bytes, chain: bytes | None, trusted: Authorities | None) -> Check:
    from rfc3161_client import VerificationError, VerifierBuilder

    stamp = _decoded(answer)
    wrong = _wrong(stamp, manifest)
    if wrong:
        return failed(_QUESTION, f"{layout.TIMESTAMP} {wrong}")
    between = [] if chain is None else _certificates(chain, layout.TIMESTAMP_CHAIN)
    if any(_signs_itself(each) for each in between):  # the library would trust it
        return failed(
            _QUESTION, f"{layout.TIMESTAMP_CHAIN} has a certificate that signs itself, which a reader has to bring"
        )
    when = f"{stamp.tst_info.gen_time:%Y-%m-%d %H:%M:%S} UTC"
    if trusted is None:
        detail = f"says that {_authority(stamp)} saw it at {when}; not checked, because no certificate was given: "
        detail += "--tsa-ca FILE, from outside this file, or it proves nothing"
        return Check(question=_QUESTION, answer=Answer.STATED, detail=detail)
    roots = trusted.certificates
    verifier = VerifierBuilder(roots=roots, intermediates=[each for each in between if each not in roots]).build()
    digest = hashlib.new(_DIGESTS[stamp.tst_info.message_imprint.hash_algorithm.dotted_string], manifest).digest()
    try:
        verifier.verify(stamp, digest)
    except VerificationError as error:
        return failed(
            _QUESTION, f"{_authority(stamp)} at {when} does not lead to --tsa-ca, or is broken: {_reason(error)}"
        )
    detail = f"existed at {when}, by the word of {_authority(stamp)}, whose certificate leads to one of --tsa-ca"
    return Check(question=_QUESTION, answer=Answer.OK, detail=detail)


def _decoded(answer: bytes) -> TimeStampResponse:
    """Raises `ValueError` for what is no answer, and `ImportError` without the library."""
    from rfc3161_client import decode_timestamp_response

    return decode_timestamp_response(with_sorted_certificates(answer))


def _wrong(stamp: TimeStampResponse, manifest: bytes) -> str:
    """Why it stamps nothing or something else. Raises `ValueError` where its content is none."""
    if stamp.status != _GRANTED:
        said = printable(" ".join(stamp.status_string), 120)
        return f"was refused by the authority (status {stamp.status}{', ' + said if said else ''})"
    imprint = stamp.tst_info.message_imprint
    algorithm = _DIGESTS.get(imprint.hash_algorithm.dotted_string)
    if algorithm is None:
        return f"stamps a digest by {imprint.hash_algorithm.dotted_string}, which is none of SHA-256, -384 and -512"
    if hashlib.new(algorithm, manifest).digest() != imprint.message:
        return f"is of something else than {layout.MANIFEST}"
    return ""


def _authority(stamp: TimeStampResponse) -> str:
    """Whose certificate it names: the issuer and number are always there, and a name that people know seldom."""
    signers: Iterable[str] = (
        f"authority no. {each.serial_number:x} of {each.issuer.rfc4514_string()}"
        for each in stamp.signed_data.signer_infos
    )
    return printable(next(iter(signers), "nobody"), 160)


def _reason(error: Exception) -> str:
    """What the library says, without the addresses in its C code."""
    said = str(error)
    _, found, reason = said.partition('reason: "')
    return printable(reason.partition('"')[0] if found else said, 160)


def _certificates(pem: bytes, name: str) -> list[Certificate]:
    from cryptography.x509 import load_pem_x509_certificates

    try:
        found = load_pem_x509_certificates(pem)
    except ValueError as error:
        raise InputError(f"{name} has no certificates in PEM", remedy="name a file with certificates") from error
    if len(found) > _MOST_CERTIFICATES:
        raise InputError(
            f"{name} has more than {_MOST_CERTIFICATES} certificates", remedy="name those of one authority"
        )
    return found


def _signs_itself(certificate: Certificate) -> bool:
    return certificate.issuer == certificate.subject
