"""What becomes of reason codes and properties before MQTT 5, and what does encode refuse?"""

import pytest

from uns.mqtt import (
    Auth,
    Connack,
    Decoder,
    Disconnect,
    Packet,
    Puback,
    Publish,
    ReasonCode,
    Side,
    Suback,
    Subscribe,
    Subscription,
    Unsuback,
    Unsubscribe,
    connack_return_code,
    encode,
    encode_publish_head,
)

WHY = {"reason_string": "because"}

DOWNGRADES: list[tuple[Packet, str]] = [
    (Connack(False, ReasonCode.UNSUPPORTED_PROTOCOL_VERSION, WHY), "20 02 00 01"),
    (Connack(False, ReasonCode.CLIENT_IDENTIFIER_NOT_VALID), "20 02 00 02"),
    (Connack(False, ReasonCode.QUOTA_EXCEEDED), "20 02 00 03"),
    (Connack(False, ReasonCode.BAD_USER_NAME_OR_PASSWORD), "20 02 00 04"),
    (Connack(False, ReasonCode.BANNED), "20 02 00 05"),
    (Connack(False, 5), "20 02 00 05"),
    (Connack(True), "20 02 01 00"),
    (Puback(1, ReasonCode.NOT_AUTHORIZED, WHY), "40 02 00 01"),
    (Publish("t", b"x", properties={"content_type": "a"}), "30 04 00 01 74 78"),
    (Publish("t", b"x", 1, packet_id=7, properties={"content_type": "a"}), "32 06 00 01 74 00 07 78"),
    (Subscribe(1, [Subscription("t", 1, True, True, 2)], {"subscription_identifier": 1}), "82 06 00 01 00 01 74 01"),
    (Suback(1, [0, 1, 2, 0x87, 0x9E], WHY), "90 07 00 01 00 01 02 80 80"),
    (Unsubscribe(1, ["t"], {"user_property": [("a", "b")]}), "a2 05 00 01 00 01 74"),
    (Unsuback(1, [0, 0x11], WHY), "b0 02 00 01"),
    (Disconnect(ReasonCode.SERVER_SHUTTING_DOWN, WHY), "e0 00"),
]


@pytest.mark.parametrize(("packet", "wire"), DOWNGRADES)
def test_before_mqtt_5_reason_codes_and_properties_are_left_out(packet: Packet, wire: str) -> None:
    assert encode(packet, 4).hex(" ") == wire


def test_mqtt_3_1_has_no_session_present() -> None:
    assert encode(Connack(True), 3).hex(" ") == "20 02 00 00"


@pytest.mark.parametrize("reason_code", list(ReasonCode))
def test_every_refusal_has_a_return_code(reason_code: ReasonCode) -> None:
    if reason_code >= 0x80:
        assert 1 <= connack_return_code(reason_code) <= 5


@pytest.mark.parametrize(
    ("packet", "version"),
    [
        (Publish("t", b"", 1), 4),
        (Publish("t" * 65_536, b""), 4),
        (Publish("t" * 65_536, b"", 1, packet_id=1), 5),
        (Publish("t", b"", properties={"no_such_property": 1}), 5),
        (Publish("t", b"", properties={"content_type": "x" * 65_536}), 5),
        (Publish("t", b"", properties={"subscription_identifier": [268_435_456]}), 5),
        (Publish("t", b"", properties={"topic_alias": 65_536}), 5),
        (Puback(65_536), 4),
        (Auth(), 4),
    ],
)
def test_what_does_not_fit_is_refused(packet: Packet, version: int) -> None:
    with pytest.raises((ValueError, OverflowError)):
        encode(packet, version)


@pytest.mark.parametrize("version", [3, 4, 5])
@pytest.mark.parametrize("payload_bytes", [0, 50, 120, 121, 122, 16_380, 70_000, 2_100_000])
@pytest.mark.parametrize("retain", [False, True])
def test_head_and_payload_are_the_frame(version: int, payload_bytes: int, retain: bool) -> None:
    packet = Publish("a/ü", b"x" * payload_bytes, retain=retain)
    head = encode_publish_head("a/ü".encode(), payload_bytes, int(retain), version)
    assert Decoder(Side.CLIENT, version=version).receive(head + packet.payload) == [packet]
    assert encode(packet, version) == head + packet.payload
