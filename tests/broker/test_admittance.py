"""Who may come in, and how many?"""

import pytest

from tests.broker.floor import Floor
from tests.broker.peer import Peer
from uns.broker import Trouble
from uns.broker.address import host_of
from uns.broker.admittance import TOLD_AT_ONCE
from uns.mqtt import ReasonCode


def test_an_address_has_so_many_connections_and_others_come_in() -> None:
    floor = Floor(max_connections_per_address=2)
    first, _ = floor.peer("a"), floor.peer("b")
    third = floor.peer("c")
    assert third.connack.reason_code == ReasonCode.QUOTA_EXCEEDED
    assert "mqtt.max_connections_per_address" in third.connack.properties["reason_string"]
    assert floor.peer("d", address="192.0.2.2:1").connack.reason_code == 0
    assert floor.notices[0].setting == "max_connections_per_address"
    first.lose()
    assert floor.peer("e").connack.reason_code == 0


def test_the_newest_is_turned_away_even_when_an_older_one_connects_later() -> None:
    floor = Floor(max_connections=1)
    early, late = Peer(floor.broker), Peer(floor.broker)
    assert late.connect("late").reason_code == ReasonCode.QUOTA_EXCEEDED
    assert early.connect("early").reason_code == 0


def test_a_flood_past_the_limit_is_closed_without_waiting_for_its_connects() -> None:
    floor = Floor(max_connections_per_address=1)
    peers = [Peer(floor.broker) for _ in range(TOLD_AT_ONCE + 11)]
    assert sum(peer.is_closed for peer in peers) == 10
    assert floor.broker.stats.connections == TOLD_AT_ONCE + 1
    assert floor.told == [(Trouble.REFUSED, "")]
    for peer in peers:
        peer.lose()
    assert floor.broker.stats.connections == 0
    assert floor.peer("a").connack.reason_code == 0


def test_an_address_makes_so_many_connections_per_second() -> None:
    floor = Floor(max_connect_rate=3)
    codes = [floor.peer(f"c{number}").connack.reason_code for number in range(4)]
    assert codes == [0, 0, 0, ReasonCode.CONNECTION_RATE_EXCEEDED]
    assert floor.peer("elsewhere", address="192.0.2.2:1").connack.reason_code == 0
    floor.clock.advance(400)
    assert floor.peer("later").connack.reason_code == 0


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("192.0.2.1:40000", "192.0.2.1"),
        ("[2001:db8:1:2:3:4:5:6]:1883", "2001:db8:1:2::/64"),
        ("[::1]:1883", "::1"),
        ("[fe80::1%eth0]:1883", "fe80::/64"),
        ("[::ffff:192.0.2.1]:1883", "192.0.2.1"),
        ("somewhere", "somewhere"),
    ],
)
def test_an_ipv6_client_counts_as_its_network(address: str, host: str) -> None:
    assert host_of(address) == host


def test_past_the_sessions_only_those_that_end_with_their_connection_come_in() -> None:
    floor = Floor(max_sessions=1)
    keeper = floor.peer("keeper", properties={"session_expiry_interval": 60})
    keeper.lose()
    late = floor.peer("late", properties={"session_expiry_interval": 60})
    assert late.connack.reason_code == ReasonCode.QUOTA_EXCEEDED
    assert floor.peer("old", version=4, clean=False).connack.reason_code == ReasonCode.SERVER_UNAVAILABLE
    assert floor.peer("passing").connack.reason_code == 0
    assert floor.peer("keeper", clean=False).connack.session_present
    assert floor.broker.stats.sessions_refused == 2


@pytest.mark.parametrize("version", [3, 4, 5])
def test_a_client_id_has_so_many_bytes(version: int) -> None:
    floor = Floor(max_client_id_bytes=24)
    assert floor.peer("ü" * 12, version=version).connack.reason_code == 0
    refused = floor.peer("ü" * 12 + "x", version=version)
    assert refused.connack.reason_code == ReasonCode.CLIENT_IDENTIFIER_NOT_VALID  # on the wire 2 before MQTT 5
    assert refused.is_closed
    (notice,) = floor.notices
    assert (notice.client_id, notice.setting) == ("", "max_client_id_bytes")
    assert "25 bytes, more than 24" in notice.detail
    if version == 5:
        assert "mqtt.max_client_id_bytes" in refused.connack.properties["reason_string"]
