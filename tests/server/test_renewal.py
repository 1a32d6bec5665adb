"""uns.server.renewal: renewed files reach new connections, and broken ones reach nobody."""

import asyncio
import logging
import os
import ssl
from pathlib import Path

import pytest

from tests.support.certificates import Authority, Pair
from tests.support.until import until_async
from uns.errors import UnsError
from uns.server import renewal
from uns.server.certificate import TlsFiles
from uns.server.renewal import Served, follow


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def pair(authority: Authority) -> Pair:
    return authority.sign()


@pytest.fixture
def served(pair: Pair) -> Served:
    return Served(TlsFiles(pair.certificate, pair.key))


def replace(path: Path, content: bytes) -> None:
    """As tools that renew do: written beside, and renamed."""
    beside = path.with_suffix(".new")
    beside.write_bytes(content)
    os.replace(beside, path)


def shown(served: Served, authority: Authority) -> int:
    """The serial number of the certificate that a new connection gets."""
    upward, downward = ssl.MemoryBIO(), ssl.MemoryBIO()
    trusting = ssl.create_default_context(cafile=authority.certificate)
    client = trusting.wrap_bio(downward, upward, server_hostname="localhost")
    server = served.context.wrap_bio(upward, downward, server_side=True)
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    certificate = client.getpeercert()
    assert certificate is not None
    return int(str(certificate["serialNumber"]), 16)


def test_a_renewed_certificate_is_served_and_told(
    served: Served, pair: Pair, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    before = shown(served, authority)
    served.look()
    assert shown(served, authority) == before
    renewed = authority.sign("renewed", days=90)
    with caplog.at_level(logging.INFO, renewal.__name__):
        replace(pair.key, renewed.key.read_bytes())
        replace(pair.certificate, renewed.certificate.read_bytes())
        served.look()
        served.look()
    assert shown(served, authority) != before
    (line,) = caplog.messages
    assert line.startswith("mqtt.tls_certificate: new connections get ")
    assert "valid until" in line


BROKEN = {
    "no PEM": (lambda authority, other: b"hello", "plant.certificate: "),
    "only half renewed": (lambda authority, other: other.certificate.read_bytes(), "plant.certificate_key: "),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_keeps_the_old_one_and_is_told_once(
    served: Served, pair: Pair, authority: Authority, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    before, good = shown(served, authority), pair.certificate.read_bytes()
    content, finding = BROKEN[name]
    other = authority.sign("other")
    replace(pair.certificate, content(authority, other))
    served.look()
    served.look()
    assert shown(served, authority) == before
    (line,) = caplog.messages
    assert f"the earlier certificate is served on, for {finding}" in line
    replace(pair.certificate, good)
    served.look()
    assert shown(served, authority) == before


def test_a_file_that_is_away_for_a_moment_keeps_the_old_one(served: Served, pair: Pair, authority: Authority) -> None:
    before, good = shown(served, authority), pair.certificate.read_bytes()
    pair.certificate.unlink()
    served.look()
    assert shown(served, authority) == before
    pair.certificate.write_bytes(good)
    served.look()
    assert shown(served, authority) == before


def test_one_that_clients_would_refuse_keeps_the_old_one(
    served: Served, pair: Pair, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    before = shown(served, authority)
    ended = authority.sign("ended", begins_d=-40)
    replace(pair.key, ended.key.read_bytes())
    replace(pair.certificate, ended.certificate.read_bytes())
    served.look()
    assert shown(served, authority) == before
    assert "plant.certificate_invalid" in caplog.text


def test_files_that_cannot_be_served_at_the_start(pair: Pair) -> None:
    pair.key.unlink()
    with pytest.raises(UnsError, match=r"plant\.certificate"):
        Served(TlsFiles(pair.certificate, pair.key))


async def test_they_are_looked_at_by_the_clock_and_at_once_when_asked(
    served: Served, pair: Pair, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()
    following = asyncio.create_task(follow([served], asked))
    context = served.context
    asked.set()
    await until_async(lambda: served.context is not context)  # read again, though nothing has changed
    following.cancel()
    monkeypatch.setattr(renewal, "LOOK_S", 0.01)
    following = asyncio.create_task(follow([served], asked))
    context = served.context
    replace(pair.certificate, pair.certificate.read_bytes())
    await until_async(lambda: served.context is not context)
    following.cancel()
