"""Whom somebody has blocked: refused at CONNECT, and disconnected when it is there already."""

import pytest

from tests.broker.conftest import by_username, compile_admission
from tests.broker.peer import Peer
from tests.support.clock import FakeClock
from uns.broker import Broker
from uns.mqtt import Connect, Disconnect, ReasonCode

Who = tuple[str, str, str]


@pytest.fixture
def blocks() -> dict[Who, str]:
    return {}


@pytest.fixture
def broker(clock: FakeClock, blocks: dict[Who, str]) -> Broker:
    def blocked(client_id: str, user: str, host: str) -> str:
        return next((why for who, why in blocks.items() if who in ((client_id, "", ""), ("", user, ""))), "")

    return Broker(compile_admission(), clock, authenticate=by_username, blocked=blocked)


@pytest.mark.parametrize(("version", "code"), [(5, ReasonCode.BANNED), (4, ReasonCode.NOT_AUTHORIZED)])
@pytest.mark.parametrize("who", [("c", "", ""), ("", "viewer", "")], ids=["client id", "user"])
def test_a_blocked_client_does_not_come_in(
    broker: Broker, blocks: dict[Who, str], version: int, code: int, who: Who
) -> None:
    blocks[who] = "it floods the line"
    peer = Peer(broker, version)
    peer.send(Connect("c", version, True, 0, "viewer", b"x", None, None))
    connack = peer.take_one()
    assert connack.reason_code == code
    assert peer.is_closed
    assert (broker.stats.connects_blocked, broker.stats.connects_refused) == (1, 1)
    assert broker.clients() == []
    if version == 5:
        assert connack.properties["reason_string"] == "it floods the line"
    blocks.clear()
    assert Peer(broker, version).connect("c").reason_code == 0


def test_whoever_is_blocked_now_is_disconnected_now(broker: Broker, blocks: dict[Who, str]) -> None:
    bad, good = Peer(broker), Peer(broker)
    bad.connect("bad")
    good.connect("good")
    assert broker.expel_blocked() == []
    blocks["bad", "", ""] = "it floods the line"
    assert broker.expel_blocked() == ["bad"]
    farewell = bad.take_one()
    assert isinstance(farewell, Disconnect)
    assert farewell.reason_code == ReasonCode.ADMINISTRATIVE_ACTION
    assert farewell.properties == {"reason_string": "it floods the line"}
    assert bad.is_closed
    assert not good.is_closed
