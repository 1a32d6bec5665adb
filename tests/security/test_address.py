"""uns.security.address: which addresses and names are this machine?"""

import pytest

from uns.security.address import host_of, is_loopback, is_loopback_name

HOSTS = {
    "127.0.0.1": "127.0.0.1",
    "127.0.0.1:1883": "127.0.0.1",
    "::1": "::1",
    "[::1]:1883": "::1",
    "::ffff:10.0.0.7": "10.0.0.7",
    "[::ffff:10.0.0.7]:80": "10.0.0.7",
    "fe80::1": "fe80::1",
    "plant.example:80": "plant.example",
    "": "",
}


@pytest.mark.parametrize(("address", "host"), HOSTS.items())
def test_host_of(address: str, host: str) -> None:
    assert host_of(address) == host


@pytest.mark.parametrize("address", ["127.0.0.1:5", "127.9.9.9", "::1", "[::1]:80", "::ffff:127.0.0.1"])
def test_loopback(address: str) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize(
    "address", ["10.0.0.7:80", "0.0.0.0", "localhost", "", "127.0.0.1.example.com", "::ffff:10.0.0.1"]
)
def test_not_loopback(address: str) -> None:
    assert not is_loopback(address)


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8080", "localhost.", "a.localhost:80", "127.0.0.1:8", "[::1]:80"]
)
def test_loopback_name(host: str) -> None:
    assert is_loopback_name(host)


@pytest.mark.parametrize(
    "host", ["", "evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "0.0.0.0:80", "[::2]"]
)
def test_no_loopback_name(host: str) -> None:
    assert not is_loopback_name(host)
