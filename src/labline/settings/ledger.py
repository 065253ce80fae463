"""``[ledger]``: whether entries are signed, and by whom."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from labline.settings.section import Section


def public_key(text: str) -> str:
    """Return `text` if it is an Ed25519 public key as labline writes it; pydantic's validator."""
    kind, _, raw = text.partition(":")
    try:
        fits = kind == "ed25519" and len(base64.b64decode(raw, validate=True)) == 32
    except binascii.Error:
        fits = False
    if not fits:
        raise ValueError('it is no public key "ed25519:..."; labline ledger keygen prints one')
    return text


class LedgerSettings(Section):
    """``[ledger]``: whether entries are signed, and by whom."""

    key: str | None = Field(
        None,
        description='where a worker finds its private key: "env:NAME" or "file:PATH" (PEM)',
    )
    signers: dict[str, Annotated[str, AfterValidator(public_key)]] = Field(
        default_factory=dict,
        description='who may sign: name -> public key "ed25519:..."; with one, all must be signed',
    )
    signed_from: int = Field(1, ge=1, description="number of the first entry that must be signed")

    @field_validator("key")
    @classmethod
    def _is_a_reference(cls, value: str | None) -> str | None:
        kind, _, name = (value or "env:x").partition(":")
        if kind not in ("env", "file") or not name:
            # The value is not shown: it may be the key itself.
            raise ValueError('it must be "env:NAME" or "file:PATH", never the key itself')
        return value
