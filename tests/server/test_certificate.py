"""uns.server.certificate: which files are served, and what is said of the others."""

import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.certificates import Authority, private_pem
from uns.errors import UnsError
from uns.server.certificate import TlsFiles, server_context, shortcomings


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def said(files: TlsFiles) -> list[str]:
    """What a person reads, the error that ends it included."""
    try:
        return [str(finding) for finding in shortcomings(files)]
    except UnsError as error:
        return [str(error.finding)]


def test_a_good_certificate_is_served_with_tls_1_2_or_newer(authority: Authority) -> None:
    pair = authority.sign()
    files = TlsFiles(pair.certificate, pair.key)
    assert said(files) == []
    context = server_context(files)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_NONE


def test_key_and_certificate_may_share_a_file(authority: Authority, tmp_path: Path) -> None:
    pair = authority.sign()
    both = tmp_path / "both.pem"
    both.write_bytes(pair.key.read_bytes() + pair.certificate.read_bytes() + authority.certificate.read_bytes())
    assert said(TlsFiles(both)) == []


def test_an_authority_for_clients_demands_their_certificates(authority: Authority) -> None:
    pair = authority.sign()
    files = TlsFiles(pair.certificate, pair.key, authority.certificate)
    assert said(files) == []
    assert server_context(files).verify_mode is ssl.CERT_REQUIRED


VALIDITY = {
    "ended": ({"begins_d": -40, "days": 30}, "certificate has expired"),
    "not begun": ({"begins_d": 2, "days": 30}, "not yet valid"),
    "ends soon": ({"days": 5}, "ends on"),
    "for clients": ({"client": True}, "purpose"),
}


@pytest.mark.parametrize("name", VALIDITY)
def test_what_clients_will_object_to(authority: Authority, name: str) -> None:
    options, says = VALIDITY[name]
    pair = authority.sign(**options)
    (text,) = said(TlsFiles(pair.certificate, pair.key))
    assert text.startswith("plant.certificate_invalid: ")
    assert says in text
    assert str(pair.certificate) in text
    server_context(TlsFiles(pair.certificate, pair.key))


def test_the_key_of_another_certificate(authority: Authority) -> None:
    pair, other = authority.sign(), authority.sign("other")
    (text,) = said(TlsFiles(pair.certificate, other.key))
    assert text.startswith("plant.certificate_key: ")
    assert "is not the key of" in text


def test_an_encrypted_key_asks_nobody_for_its_password(authority: Authority, tmp_path: Path) -> None:
    key = tmp_path / "locked.key"
    key.write_bytes(private_pem(ec.generate_private_key(ec.SECP256R1()), "secret"))
    (text,) = said(TlsFiles(authority.sign().certificate, key))
    assert text.startswith("plant.certificate_key: ")
    assert "encrypted" in text


BROKEN = "-----BEGIN {0}-----\nAAAA\n-----END {0}-----\n"
UNUSABLE = {
    "no certificate": ("certificate", None, "plant.certificate: ", "No such file"),
    "no key": ("key", None, "plant.certificate: ", "No such file"),
    "a certificate that is none": ("certificate", "hello", "plant.certificate: ", "holds no certificate in PEM"),
    "a key that is none": ("key", "hello", "plant.certificate: ", "holds no private key in PEM"),
    "a broken certificate": ("certificate", BROKEN.format("CERTIFICATE"), "plant.certificate: ", "cannot be used"),
    "a broken key": ("key", BROKEN.format("PRIVATE KEY"), "plant.certificate_key: ", "cannot be used"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_files_that_cannot_be_served(authority: Authority, name: str) -> None:
    which, content, finding, says = UNUSABLE[name]
    pair = authority.sign()
    path: Path = getattr(pair, which)
    path.unlink()
    if content is not None:
        path.write_text(content)
    (text,) = said(TlsFiles(pair.certificate, pair.key))
    assert text.startswith(finding)
    assert says in text
    assert str(path) in text


def test_an_authority_that_is_none(authority: Authority, tmp_path: Path) -> None:
    pair = authority.sign()
    (text,) = said(TlsFiles(pair.certificate, pair.key, tmp_path / "absent.pem"))
    assert "absent.pem" in text
    assert "tls_client_ca" in text
