"""Does the stage notice when a broker leaves the play? And is a line read as it is meant?"""

import pytest

from tests.conformance.cases import Case, parse, raw_bytes
from tests.conformance.conftest import MakeBroker
from tests.conformance.stage import Stage
from tests.conformance.wires import MemoryNetwork, SocketNetwork, WatchedBroker
from tests.support.clock import FakeClock

WRONG = {
    "another packet": "a > pingreq; a < suback",
    "another value": "a > publish {topic: t/x, payload: x, qos: 1, packet_id: 1}; a < puback {packet_id: 2}",
    "a property that is not there": "b > connect {}; b < connack {server_reference: elsewhere}",
    "a property that should not be there": "b > connect {}; b < connack {receive_maximum: null}",
    "something came": "a > pubrel {packet_id: 1}; a < nothing",
    "something was left at the end": "a > pubrel {packet_id: 1}",
    "something came before the close": "a > raw 00 00; a < closed",
    "the connection is open": "a > pingreq; a < pingresp; a < closed",
    "the connection is closed": "a > disconnect; a < nothing",
    "the connection is closed at the end": "a > disconnect",
    "nothing came": "a > raw c0; a < pingresp",
    "the session is not there": "b connects {session_present: true}",
    "another subscription": "b connects {username: guest}; b subscribes t/x",
    "the same value": "b > connect {client_id: ''}; b < connack {assigned_client_identifier: =p}; differ p p",
}


@pytest.mark.parametrize("wire", ["memory", "tcp"])
@pytest.mark.parametrize("play", WRONG.values(), ids=WRONG)
async def test_a_wrong_play_fails(
    play: str, wire: str, make_broker: MakeBroker, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.conformance.wires.PATIENCE_S", 0.2)
    broker = make_broker(WatchedBroker, {})
    assert isinstance(broker, WatchedBroker)
    network = MemoryNetwork(broker, clock) if wire == "memory" else SocketNetwork(broker, clock)
    case = Case(case="wrong", mqtt5=["3.1.0-1"], play="a connects {}\n" + play.replace("; ", "\n"))
    try:
        with pytest.raises(AssertionError):
            await Stage(network, case, 5).play()
    finally:
        await network.stop()


def test_what_is_no_line_is_refused() -> None:
    for line in ("a says hello", "clock + 3 h", "a < connack reason_code: 0", ""):
        with pytest.raises(ValueError, match="no line of a play"):
            parse(line)


def test_bytes_are_written_with_their_lengths() -> None:
    assert raw_bytes('82 * 0001 "t/x" 00') == bytes.fromhex("82 08 0001 0003 742f78 00")
    assert raw_bytes("c0 00 | e0 00") == bytes.fromhex("c000e000")
    assert raw_bytes("30 * " + "00" * 200)[:3] == bytes.fromhex("30c801")
