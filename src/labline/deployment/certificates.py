"""The gateway's certificate: looked at before Envoy gets it, and trusted by labline itself."""

from __future__ import annotations

import ssl
import time
from pathlib import Path

from labline.errors import BadInput
from labline.settings import Settings


def check(settings: Settings) -> None:
    """Return if the gateway can speak TLS with what the settings name, or shall not.

    Raises
    ------
    BadInput
        A file is missing or no PEM, they do not belong together, or the certificate has expired.
    """
    if settings.tls is None:
        return
    certificate, key = settings.tls
    for name, path in (("certificate", certificate), ("key", key)):
        if not path.is_file():
            raise _bad(f"{path} is not there", f"Correct [gateway.tls] {name}.")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, lambda: b"")
    except (ssl.SSLError, OSError) as error:
        other = getattr(error, "reason", "") == _MISMATCH
        why = "the key is that of another certificate" if other else "one of them is not PEM"
        raise _bad(
            f"{certificate} and {key} cannot be used together: {why}",
            "Both are PEM; the key is that of the certificate and has no passphrase.",
        ) from error
    _check_age(certificate)


_MISMATCH = "KEY_VALUES_MISMATCH"


def _check_age(certificate: Path) -> None:
    from cryptography.x509 import load_pem_x509_certificate

    ends = load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    if ends.timestamp() < time.time():
        raise _bad(f"{certificate} expired on {ends:%Y-%m-%d}", "Have it renewed.")


def _bad(what: str, fix: str) -> BadInput:
    return BadInput(f"The gateway cannot speak TLS: {what}.", fix=fix)


def trusted(settings: Settings) -> ssl.SSLContext | None:
    """Return what labline's own requests to the gateway trust: its certificate, whatever its name.

    None without TLS.
    """
    if settings.tls is None:
        return None
    context = ssl.create_default_context(cafile=str(settings.tls[0]))
    # One that an authority signed is trusted without the authority's own.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.check_hostname = False
    return context
