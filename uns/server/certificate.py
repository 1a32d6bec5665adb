"""With which certificate is TLS served, and is anything wrong with it?

`server_context` loads it. `shortcomings` also rehearses a handshake in memory, as a client that trusts this
certificate alone: so OpenSSL itself says whether the certificate is one for servers and valid today.
"""

import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from uns.errors import Finding, UnsError

SOON_S = 14 * 86_400
"""Before its end, a certificate is warned of."""
ALPN = {"mqtt": ["mqtt"], "http": ["http/1.1"]}
ROUNDS = 10
"""Of a rehearsed handshake; two are enough for TLS 1.3."""


class TlsFiles(msgspec.Struct, frozen=True):
    """PEM files. key: None when it is in the certificate's file; client_ca: None when clients need no certificate.

    section: of the settings that name them, `mqtt` or `http`.
    """

    certificate: Path
    key: Path | None = None
    client_ca: Path | None = None
    section: str = "mqtt"

    def setting(self, name: str) -> str:
        """`mqtt.tls_key`."""
        return f"{self.section}.tls_{name}"


class _Encrypted(Exception):
    """The key asks for a password."""


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """TLS 1.2 or newer with these files. Raises UnsError: `plant.certificate` or `plant.certificate_key`."""
    context = _context(files)
    context.set_alpn_protocols(ALPN[files.section])  # for clients that name it; others need not
    if files.client_ca is not None:
        setting = files.setting("client_ca")
        pem = _read(files.client_ca, setting, "CERTIFICATE")
        try:
            context.load_verify_locations(cadata=pem)
        except ssl.SSLError as error:
            raise _bad_certificate(files.client_ca, setting, error) from error
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def shortcomings(files: TlsFiles) -> Iterator[Finding]:
    """What a client will object to, though the files can be served. Raises UnsError as `server_context` does."""
    server_context(files)
    try:
        end = valid_until(files)
    except UnsError as error:
        yield error.finding
        return
    if ssl.cert_time_to_seconds(end) - time.time() < SOON_S:
        yield Finding(
            id="plant.certificate_invalid",
            what=f"the certificate '{files.certificate}' ends on {end}.",
            where=_pointer(files.setting("certificate")),
            hint="Renew it: a running server serves the new one within a minute.",
        )


def valid_until(files: TlsFiles) -> str:
    """The end of the certificate, `Jan  5 09:34:43 2018 GMT`. Raises UnsError (`plant.certificate_invalid`) when
    clients will refuse it, or as `server_context` does."""
    faults, peer = _rehearse(files)
    if faults:
        raise UnsError(
            Finding(
                id="plant.certificate_invalid",
                what=f"clients will refuse the certificate '{files.certificate}': {faults}.",
                where=_pointer(files.setting("certificate")),
                hint="Put a certificate for servers there that is valid today; a running server serves it within a "
                "minute.",
            )
        )
    end: str = peer["notAfter"]
    return end


def _context(files: TlsFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    certificate_setting = files.setting("certificate")
    pem = _read(files.certificate, certificate_setting, "CERTIFICATE")
    key = files.key or files.certificate
    key_setting = files.setting("key") if files.key else certificate_setting
    _read(key, key_setting, "PRIVATE KEY", "" if files.key else files.setting("key"))
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except ssl.SSLError as error:
        raise _bad_certificate(files.certificate, certificate_setting, error) from error
    try:
        context.load_cert_chain(files.certificate, key, _no_password)
    except _Encrypted as error:
        raise _bad_key(key, key_setting, "it is encrypted with a password") from error
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise _bad_key(key, key_setting, f"it is not the key of '{files.certificate}'") from error
        if error.reason is not None and error.reason.startswith(("EE_", "CA_")):  # a key too small, a digest too weak
            raise _bad_certificate(files.certificate, certificate_setting, error) from error
        raise _bad_key(key, key_setting, _words(error)) from error
    return context


def _rehearse(files: TlsFiles) -> tuple[str, dict[str, Any]]:
    """What the client objects to, or an empty text, and the certificate as it sees it."""
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False
    trusting.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    trusting.load_verify_locations(files.certificate)
    upward, downward = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting.wrap_bio(downward, upward)
    server = _context(files).wrap_bio(upward, downward, server_side=True)
    try:
        for _ in range(ROUNDS):
            for side in (client, server):
                try:
                    side.do_handshake()
                except ssl.SSLWantReadError:
                    continue
    except ssl.SSLCertVerificationError as error:
        return error.verify_message, {}
    return "", client.getpeercert() or {}


def _read(path: Path, setting: str, kind: str, key_setting: str = "") -> str:
    """key_setting: where the key could be named, when it is looked for in the certificate's file."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UnsError(
            Finding(
                id="plant.certificate",
                what=f"the file '{path}' cannot be read: {error.strerror or error}.",
                where=_pointer(setting),
                hint=f"Put a PEM file there that this user may read, or correct {setting}; "
                "it is relative to the plant directory.",
            )
        ) from error
    if f"{kind}-----" not in text:
        raise UnsError(
            Finding(
                id="plant.certificate",
                what=f"the file '{path}' holds no {kind.lower()} in PEM.",
                where=_pointer(setting),
                hint=f"A PEM file has a line -----BEGIN {kind}-----; convert others with openssl."
                + (f" Name the file of the key in {key_setting}." if key_setting else ""),
            )
        )
    return text


def _bad_certificate(path: Path, setting: str, error: ssl.SSLError) -> UnsError:
    return UnsError(
        Finding(
            id="plant.certificate",
            what=f"the certificate '{path}' cannot be used: {_words(error)}.",
            where=_pointer(setting),
            hint="Look at it with: openssl x509 -noout -text -in FILE",
        )
    )


def _bad_key(path: Path, setting: str, why: str) -> UnsError:
    return UnsError(
        Finding(
            id="plant.certificate_key",
            what=f"the private key '{path}' cannot be used: {why}.",
            where=_pointer(setting),
            hint="Give the key that the certificate was made with, in PEM without a password; "
            "protect it by the rights of the file.",
        )
    )


def _pointer(setting: str) -> str:
    return f"/{setting.replace('.', '/')}"


def _words(error: ssl.SSLError) -> str:
    return (error.reason or str(error)).replace("_", " ").lower()


def _no_password() -> str:
    raise _Encrypted
