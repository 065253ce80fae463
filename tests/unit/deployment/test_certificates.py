"""A certificate is looked at before Envoy gets it."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.certificates import make

from labline.deployment import certificates
from labline.errors import BadInput
from labline.settings import Settings


def settings(folder) -> Settings:
    tls = {"certificate": "cert.pem", "key": "key.pem"}
    return Settings(root=folder, gateway={"tls": tls})


def test_a_certificate_with_its_key_passes_and_none_is_needed(tmp_path):
    make(tmp_path)
    certificates.check(settings(tmp_path))
    certificates.check(Settings(root=tmp_path))
    assert certificates.trusted(Settings(root=tmp_path)) is None


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"cert.pem is not there") as refused:
        certificates.check(settings(tmp_path))
    assert refused.value.fix == "Correct [gateway.tls] certificate."
    make(tmp_path)
    (tmp_path / "key.pem").unlink()
    with pytest.raises(BadInput, match=r"key.pem is not there"):
        certificates.check(settings(tmp_path))


def test_a_key_of_another_certificate_is_refused(tmp_path):
    make(tmp_path)
    certificate = (tmp_path / "cert.pem").read_bytes()
    make(tmp_path)
    (tmp_path / "cert.pem").write_bytes(certificate)
    with pytest.raises(BadInput, match="the key is that of another certificate"):
        certificates.check(settings(tmp_path))


@pytest.mark.parametrize("name", ["cert.pem", "key.pem"])
def test_what_is_no_pem_is_refused(tmp_path, name):
    make(tmp_path)
    (tmp_path / name).write_text("hello")
    with pytest.raises(BadInput, match="cannot be used together: one of them is not PEM"):
        certificates.check(settings(tmp_path))


def test_a_certificate_that_has_expired_is_refused(tmp_path):
    make(tmp_path, ends=datetime.now(UTC) - timedelta(days=1))
    with pytest.raises(BadInput, match="expired on"):
        certificates.check(settings(tmp_path))
