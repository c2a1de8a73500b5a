"""Ed25519 keys: made, read from PEM files, and named by their fingerprint.

The one place that knows the library `cryptography`, which is an extra: what needs it says how to install it.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from streams.errors import ConfigurationError, InputError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

__all__ = ["PublicKey", "SigningKey", "new_key", "not_installed"]

_HOW: Final = "make one with `antiphon proof key FILE`"


def not_installed(what: str, library: str) -> ConfigurationError:
    """What to raise where a library of the extra `signatures` is missing."""
    return ConfigurationError(
        f"{what} needs {library}, which is not installed",
        remedy=f"install antiphon[signatures] (pip install 'antiphon[signatures]', or pip install {library}); all else "
        "of a proof works without",
    )


class PublicKey:
    """A public key by its PEM file. Raises `InputError` where it is none of Ed25519, `ConfigurationError` without the
    library.
    """

    def __init__(self, pem: bytes, name: str) -> None:
        try:
            from cryptography.exceptions import UnsupportedAlgorithm
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
            from cryptography.hazmat.primitives.serialization import load_pem_public_key
        except ImportError as error:
            raise not_installed("checking a signature", "cryptography") from error
        if b"PRIVATE KEY" in pem:
            raise InputError(f"{name} is a private key", remedy="name the public one, and keep this one to yourself")
        try:
            key = load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise InputError(f"{name} is no public key in PEM", remedy=_HOW) from error
        if not isinstance(key, Ed25519PublicKey):
            raise InputError(f"{name} is no Ed25519 key", remedy=_HOW)
        self._key = key
        self.fingerprint = _fingerprint(key)

    def made(self, signature: bytes, message: bytes) -> bool:
        """Whether the signature of the message was made with the private key."""
        from cryptography.exceptions import InvalidSignature

        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """A private key by its PEM file. Raises as `PublicKey` does."""

    def __init__(self, pem: bytes, name: str) -> None:
        try:
            from cryptography.exceptions import UnsupportedAlgorithm
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
            from cryptography.hazmat.primitives.serialization import load_pem_private_key
        except ImportError as error:
            raise not_installed("signing", "cryptography") from error
        try:
            key = load_pem_private_key(pem, password=None)
        except TypeError as error:
            raise InputError(f"{name} is encrypted", remedy="name a key without a passphrase") from error
        except (ValueError, UnsupportedAlgorithm) as error:
            raise InputError(f"{name} is no private key in PEM", remedy=_HOW) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise InputError(f"{name} is no Ed25519 key", remedy=_HOW)
        self._key = key
        self.fingerprint = _fingerprint(key.public_key())

    def sign(self, message: bytes) -> bytes:
        """The signature: 64 bytes, the same for the same message."""
        return self._key.sign(message)

    def public_pem(self) -> bytes:
        """The public key, as `PublicKey` reads it."""
        return _public_pem(self._key)


def new_key() -> tuple[bytes, bytes]:
    """A new private key (PKCS#8) and its public key (SubjectPublicKeyInfo), both in PEM, neither encrypted."""
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    except ImportError as error:
        raise not_installed("making a key", "cryptography") from error
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), _public_pem(key)


def _public_pem(key: Ed25519PrivateKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _fingerprint(key: Ed25519PublicKey) -> str:
    """The SHA-256 of the key's SubjectPublicKeyInfo in DER, which other tools for DSSE name a key by too."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
