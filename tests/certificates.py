"""Certificates for 127.0.0.1: one that signs itself, and one of an authority of its own."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


def make(folder: Path, *, ends: datetime | None = None) -> None:
    """Write ``cert.pem`` and ``key.pem``; the certificate signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    last = ends or datetime.now(UTC) + timedelta(days=2)
    made = _builder("gateway.test", "gateway.test", key, last).add_extension(_HERE, critical=False)
    _write(folder, made.sign(key, SHA256()), key)


def make_issued(folder: Path) -> None:
    """Write ``ca.pem``, an authority's, and ``cert.pem`` with ``key.pem`` that it has issued."""
    ends = datetime.now(UTC) + timedelta(days=2)
    authority, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    above = _builder("authority.test", "authority.test", authority, ends)
    above = above.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    made = _builder("collector.test", "authority.test", key, ends)
    made = made.add_extension(_HERE, critical=False)
    pem = above.sign(authority, SHA256()).public_bytes(Encoding.PEM)
    (folder / "ca.pem").write_bytes(pem)
    _write(folder, made.sign(authority, SHA256()), key)


_HERE = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])


def _builder(
    subject: str, issuer: str, key: ec.EllipticCurvePrivateKey, ends: datetime
) -> x509.CertificateBuilder:
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)])
             for each in (subject, issuer)]  # fmt: skip
    return (
        x509.CertificateBuilder()
        .subject_name(names[0])
        .issuer_name(names[1])
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ends - timedelta(days=30))
        .not_valid_after(ends)
    )


def _write(folder: Path, made: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "cert.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(pem)
