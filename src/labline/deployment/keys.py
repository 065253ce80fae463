"""API keys: tokens that labline signs and the gateway checks. None is ever stored."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import sqlalchemy as sa

from labline.database import Database
from labline.database import api_keys as table
from labline.deployment.envoy import ISSUER
from labline.errors import BadInput, NotFound
from labline.settings import Settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

#: seconds that a key is good for unless told: 90 days
TTL = 90 * 86400.0
#: seconds that a key's record is kept after it expired
_KEEP = 86400.0


@dataclass(frozen=True)
class ApiKey:
    """What is known of an issued key."""

    id: str
    endpoint: str
    created: float
    expires: float
    actor: str
    revoked: bool


class SigningKey:
    """The project's Ed25519 key (RFC 8037); only its owner can read it."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private

    @classmethod
    def of(cls, settings: Settings) -> SigningKey:
        """Return the project's key; it is made once, also by several at the same time."""
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        path = settings.state / "keys" / "signing.pem"
        if not path.is_file():
            _make(path)
        return cls(load_pem_private_key(path.read_bytes(), None))  # type: ignore[arg-type]

    def mint(self, endpoint: str, id: str, expires: float) -> str:
        """Return a token for `endpoint`."""
        import jwt

        claims = {"iss": ISSUER, "aud": endpoint, "jti": id, "exp": int(expires)}
        return jwt.encode(claims, self._private, algorithm="EdDSA")

    def secret(self, purpose: str) -> str:
        """Return a secret of the project's own for one purpose; always the same."""
        raw = self._private.private_bytes_raw()
        return hmac.new(raw, purpose.encode(), hashlib.sha256).hexdigest()

    def jwks(self) -> str:
        """Return the public half, as the gateway wants it."""
        from jwt.algorithms import OKPAlgorithm

        key = json.loads(OKPAlgorithm.to_jwk(self._private.public_key()))
        return json.dumps({"keys": [{**key, "use": "sig", "alg": "EdDSA"}]})


def public_keys(settings: Settings) -> str:
    """Return what API keys of the project are checked against, as a JSON Web Key Set."""
    return SigningKey.of(settings).jwks()


def _make(path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    scratch = path.with_name(f"{uuid4().hex}.new")
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    try:
        # Unlike a rename, a link fails if another process was faster.
        os.link(scratch, path)
    except FileExistsError:
        pass
    finally:
        scratch.unlink()


class Keys:
    """Issue, list and revoke API keys."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database

    def issue(self, endpoint: str, ttl: float, actor: str) -> str:
        """Return a new key for `endpoint`, good for `ttl` seconds; it cannot be shown again."""
        if ttl <= 0:
            raise BadInput(f"A key cannot be good for {ttl:g} seconds.", fix="Give a positive ttl.")
        now = time.time()
        row = ApiKey(str(uuid4()), endpoint, now, now + ttl, actor, revoked=False)
        with self._database.writing() as connection:
            connection.execute(sa.delete(table).where(table.c.expires < now - _KEEP))
            connection.execute(sa.insert(table).values(**row.__dict__))
        return self.mint(endpoint, row.id, row.expires)

    def mint(self, endpoint: str, id: str, expires: float) -> str:
        """Return a token that leaves no record, for labline's own questions."""
        return SigningKey.of(self._settings).mint(endpoint, id, expires)

    def revoke(self, id: str) -> ApiKey:
        """Mark a key as revoked and return it.

        Raises
        ------
        NotFound
            No such key.
        """
        with self._database.writing() as connection:
            connection.execute(sa.update(table).where(table.c.id == id).values(revoked=True))
            row = connection.execute(sa.select(table).where(table.c.id == id)).first()
        if row is None:
            raise NotFound(f"There is no key {id!r}.", fix="List them: labline keys list")
        return ApiKey(**row._mapping)

    def list(self, endpoint: str | None = None) -> list[ApiKey]:
        """Return the keys that have not long expired, newest first."""
        query = sa.select(table).order_by(table.c.created.desc())
        if endpoint:
            query = query.where(table.c.endpoint == endpoint)
        with self._database.reading() as connection:
            return [ApiKey(**row._mapping) for row in connection.execute(query)]

    def revoked(self) -> frozenset[str]:
        """Return the ids that the gateway must refuse; an expired key is refused anyway."""
        query = sa.select(table.c.id).where(
            table.c.revoked.is_(True), table.c.expires > time.time() - 60
        )
        with self._database.reading() as connection:
            return frozenset(connection.execute(query).scalars())
