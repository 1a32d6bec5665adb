"""Does the load generator send what it says, and does it see what is missing?"""

import socket

import pytest

from bench import door, qos1
from bench.payloads import GOVERNED, OPEN, PAYLOAD_BYTES, packet_id_at, payload, qos0_chunks, qos1_stream
from bench.process import LoadFailed, Worker
from bench.qos1 import Subscriber
from bench.scenario import Lost
from bench.wire import PublishCounter, be_patient, frames
from uns.mqtt import Decoder, Publish, Side, encode


@pytest.mark.parametrize("topics", [GOVERNED, OPEN])
def test_a_pool_holds_no_payload_twice(topics: tuple[str, ...]) -> None:
    chunks, length = qos0_chunks(topics)
    data = b"".join(chunks)
    payloads = {data[stop - PAYLOAD_BYTES : stop] for stop in range(length, len(data) + 1, length)}
    assert len(payloads) * length == len(data)
    assert {len(payload(index)) for index in range(0, 86_400, 7)} == {PAYLOAD_BYTES}


def test_the_pool_is_what_a_decoder_reads() -> None:
    chunks, _ = qos0_chunks(GOVERNED)
    packets = Decoder(Side.SERVER, version=4).receive(chunks[0])
    assert [packet.topic for packet in packets if isinstance(packet, Publish)] == [*GOVERNED] * 10


@pytest.mark.parametrize("step", [1, 2, 3, 50, 10_000])
def test_packets_are_counted_however_the_stream_is_cut(step: int) -> None:
    long = encode(Publish("a/b", b"x" * 300), 4)
    stream = b"\x90\x03\0\x01\0" + long * 3 + b"\xd0\0" + encode(Publish("c", b""), 4)
    counter = PublishCounter()
    assert sum(counter.feed(stream[at : at + step]) for at in range(0, len(stream), step)) == 4
    assert [stop for _, _, stop in frames(stream[:-1])][-1] == len(stream) - len(encode(Publish("c", b""), 4))


def _acknowledging(sent: bytes, expected: int) -> tuple[qos1.Received, bytes]:
    _, length = qos1_stream(GOVERNED)
    here, there = socket.socketpair()
    with here, there:
        there.sendall(sent)
        received = Subscriber(here, length, packet_id_at(GOVERNED[0])).take(None, expected)
        be_patient(there, 1)
        return received, there.recv(1 << 20)


def test_every_message_is_acknowledged_with_its_id() -> None:
    stream, length = qos1_stream(GOVERNED)
    received, acks = _acknowledging(stream[299 * length : 303 * length], 4)
    assert (received.messages, received.repeated) == (4, 0)
    assert acks == b"".join(b"\x40\x02" + number.to_bytes(2, "big") for number in (300, 301, 302, 303))


def test_a_message_sent_again_is_none_of_those_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qos1, "SILENCE_S", 0.3)
    stream, length = qos1_stream(GOVERNED)
    again = bytes((stream[0] | 0x08,)) + stream[1:length]
    received, _ = _acknowledging(again + stream[length : 3 * length], 2)
    assert (received.messages, received.repeated) == (2, 1)
    with pytest.raises(Lost, match="1 of 3 acknowledged messages had not arrived"):
        _acknowledging(again + stream[length : 3 * length], 3)


def test_a_load_process_that_fails_says_why() -> None:
    with Worker(_fail) as worker, pytest.raises(LoadFailed, match="ZeroDivisionError"):
        worker.result(10)


def _fail() -> float:
    return 1 / 0


def test_a_loss_seen_by_a_load_process_comes_back_as_one() -> None:
    with Worker(_lose) as worker, pytest.raises(Lost, match="2 of 3"):
        worker.result(10)


def _lose() -> None:
    raise Lost("2 of 3 messages never arrived")


def test_the_costs_inside_the_broker_add_up() -> None:
    costs = {cost.step: cost for cost in door.message_costs(10, 3)}
    assert costs["whole, governed"].p50_ns > costs["contract"].p50_ns > 0
    assert costs["whole, open branch"].p50_ns > costs["decode"].p50_ns > 0
    assert costs[door.JUDGED_ALONE].p50_ns > costs["contract"].p50_ns


def test_metrics_are_taken_in_and_projected() -> None:
    assert all(rate > 0 for rate in door.metric_rates(3).values())
