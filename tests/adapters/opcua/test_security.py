"""Signed and encrypted sessions, and the one server certificate that is accepted."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from cryptography.x509.oid import ExtendedKeyUsageOID

from adapters.opcua import OpcUaAdapter
from tests.adapters.opcua.conftest import HERE
from tests.adapters.support import Recorder, ServerProcess, config, running
from tests.support.until import until_async
from uns.adapter import Fatal, Retriable, SourceConfig

CLIENT_URI = "urn:uns-platform:edge"


@pytest.fixture
async def certificates(tmp_path: Path) -> Path:
    for name, uri, use in (
        ("server", "urn:freeopcua:python:server", ExtendedKeyUsageOID.SERVER_AUTH),
        ("other", "urn:other", ExtendedKeyUsageOID.SERVER_AUTH),
        ("client", CLIENT_URI, ExtendedKeyUsageOID.CLIENT_AUTH),
    ):
        await setup_self_signed_certificate(
            tmp_path / f"{name}.pem", tmp_path / f"{name}.der", uri, "127.0.0.1", [use], {"commonName": name}
        )
    return tmp_path


@pytest.fixture
def secure_server(certificates: Path) -> Iterator[ServerProcess]:
    with ServerProcess([sys.executable, HERE / "asyncua_server.py", certificates]) as server:
        yield server


def source(server: ServerProcess, folder: Path, **options: Any) -> SourceConfig:
    settings = {
        "security_policy": "Basic256Sha256",
        "certificate": str(folder / "client.der"),
        "private_key": str(folder / "client.pem"),
        "server_certificate": str(folder / "server.der"),
    }
    return config(f"opc.tcp://127.0.0.1:{server.port}", {"double": {"node": "ns=2;s=double"}}, **(settings | options))


async def test_an_encrypted_session_and_what_it_refuses(secure_server: ServerProcess, certificates: Path) -> None:
    adapter = OpcUaAdapter(source(secure_server, certificates))
    assert adapter.check() == []
    async with running(adapter) as sink:
        await until_async(lambda: sink.value("double") == 21.4)
    other = str(certificates / "other.der")
    with pytest.raises(Retriable) as pinned:
        await OpcUaAdapter(source(secure_server, certificates, server_certificate=other, timeout="1s")).run(Recorder())
    assert pinned.value.finding.id == "source.untrusted"
    with pytest.raises(Fatal, match=r"source\.certificate_unreadable"):
        await OpcUaAdapter(source(secure_server, certificates, certificate="absent.der")).run(Recorder())
    plain = config(f"opc.tcp://127.0.0.1:{secure_server.port}", {"double": {"node": "ns=2;s=double"}})
    with pytest.raises(Fatal, match=r"source\.security_unavailable"):
        await OpcUaAdapter(plain).run(Recorder())
