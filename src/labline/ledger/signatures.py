"""Signatures: who signs entries of the ledger, and whose signature counts."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labline.errors import BadSettings, Conflict
from labline.ledger.chain import broken
from labline.settings import LedgerSettings, Settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_CONTEXT = b"labline ledger entry "
_MAKE = "Make one: labline ledger keygen"


@dataclass(frozen=True)
class Seal:
    """Sign entries, and check their signatures, as ``[ledger]`` of the settings says.

    Without settings nothing is signed; signatures that are there must be right all the same.
    """

    settings: LedgerSettings = field(default_factory=LedgerSettings)
    #: where a relative path of a key begins
    root: Path = Path()

    @classmethod
    def of(cls, settings: Settings) -> Seal:
        """Return the seal of a project."""
        return cls(settings.ledger, settings.root)

    def sign(self, hash: str) -> dict[str, str | None]:
        """Return ``signer`` and ``signature`` for an entry with this hash.

        Raises
        ------
        BadSettings
            The entry must be signed and there is no key, or one that is not among the signers.
        """
        if not self.settings.key:
            if self.settings.signers:
                raise BadSettings(
                    "The ledger is signed, and this process has no key to sign with.",
                    fix='Set [ledger] key = "env:NAME" or "file:PATH"; only workers need it. '
                    f"{_MAKE}",
                )
            return {"signer": None, "signature": None}
        key = self._key(self.settings.key)
        signer = public(key)
        if self.settings.signers and signer not in self.settings.signers.values():
            raise BadSettings(
                f"The key at {self.settings.key} is not one of [ledger.signers].",
                fix=f'Add its public half there: NAME = "{signer}"',
            )
        return {"signer": signer, "signature": _text(key.sign(_CONTEXT + hash.encode()))}

    def check(self, row: Mapping[str, Any]) -> str:
        """Return the name of who signed an entry; nothing where nobody had to.

        Raises
        ------
        LedgerBroken
            The signature is wrong, missing, or of somebody who may not sign.
        """
        number, signer = row["number"], row["signer"]
        if not signer:
            if self.settings.signers and number >= self.settings.signed_from:
                raise broken(number, f"Ledger entry {number} is not signed")
            return ""
        if not _fits(signer, row["signature"] or "", row["hash"]):
            raise broken(number, f"The signature of ledger entry {number} is not {signer}'s")
        names = {key: name for name, key in self.settings.signers.items()}
        if names and signer not in names:
            raise broken(number, f"Ledger entry {number} is signed by {signer}, who is no signer")
        return names.get(str(signer), str(signer))

    def _key(self, reference: str) -> Ed25519PrivateKey:
        kind, _, name = reference.partition(":")
        return _load(self._from_environment(name) if kind == "env" else self._from_file(name))

    def _from_environment(self, name: str) -> str:
        if not os.environ.get(name):
            raise BadSettings(
                f"[ledger] key is env:{name}, and {name} is not set in this process.", fix=_MAKE
            )
        return os.environ[name]

    def _from_file(self, name: str) -> str:
        path = self.root / Path(name).expanduser()
        try:
            return path.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise BadSettings(
                f"[ledger] key is file:{name}, which cannot be read: {error}", fix=_MAKE
            ) from error


def make_key(path: Path) -> str:
    """Write a new private key, readable for its owner only, and return its public half.

    Raises
    ------
    Conflict
        There is a file already.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Conflict(f"{path} is there already.", fix="Name another file.") from error
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(text)
    return public(key)


def public(key: Ed25519PrivateKey) -> str:
    """Return the public half of a key as ``ed25519:BASE64``."""
    return f"ed25519:{_text(key.public_key().public_bytes_raw())}"


def _load(text: str) -> Ed25519PrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        # Systems that keep secrets on one line write line breaks as two characters.
        key = load_pem_private_key(text.replace("\\n", "\n").encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadSettings("[ledger] key is no private key in PEM.", fix=_MAKE) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadSettings("[ledger] key is not an Ed25519 key.", fix=_MAKE)
    return key


def _fits(signer: str, signature: str, hash: str) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(signer.partition(":")[2]))
        key.verify(base64.b64decode(signature), _CONTEXT + hash.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
