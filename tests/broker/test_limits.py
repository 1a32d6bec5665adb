"""What may be sent, with which reason code is more refused, and what is counted?"""

import pytest

from tests.broker.floor import KEEP, Floor
from uns.broker import Trouble
from uns.mqtt import ConnectWill, Publish, ReasonCode, Subscribe, Subscription, Unsubscribe


def test_a_topic_has_so_many_bytes() -> None:
    floor = Floor(max_topic_bytes=20)
    peer = floor.peer("p")
    peer.publish("open/" + "ü" * 8, qos=1)
    assert peer.take_one().reason_code == ReasonCode.TOPIC_NAME_INVALID
    peer.publish("open/" + "ü" * 7, qos=1)
    assert peer.take_one().reason_code in (0, ReasonCode.NO_MATCHING_SUBSCRIBERS)
    assert peer.subscribe("open/" + "x" * 16).reason_codes == [ReasonCode.TOPIC_FILTER_INVALID]
    refused = floor.peer("w", will=ConnectWill("open/" + "x" * 16, b"")).connack
    assert refused.reason_code == ReasonCode.TOPIC_NAME_INVALID
    assert "mqtt.max_topic_bytes" in refused.properties["reason_string"]


@pytest.mark.parametrize("pairs", [[("k", "v")] * 3, [("k" * 9, "v" * 9)]])
def test_a_message_carries_so_many_user_properties(pairs: list[tuple[str, str]]) -> None:
    floor = Floor(max_user_properties=2, max_user_property_bytes=15)
    peer = floor.peer("p")
    peer.publish("open/x", qos=1, properties={"user_property": pairs})
    assert peer.take_one().reason_code == ReasonCode.QUOTA_EXCEEDED
    peer.publish("open/x", qos=1, properties={"user_property": [("k", "v")]})
    assert peer.take_one().reason_code == 0
    will = ConnectWill("open/x", b"", properties={"user_property": pairs})
    assert floor.peer("w", will=will).connack.reason_code == ReasonCode.QUOTA_EXCEEDED
    assert floor.broker.stats.quota_refused == 2
    assert (Trouble.PUBLISH_OVER_QUOTA, "p") in floor.told


def test_so_much_is_retained_and_what_is_kept_may_still_change_and_go() -> None:
    floor = Floor(max_retained_messages=2)
    peer = floor.peer("p")
    codes = []
    for topic, payload in [("a", b"1"), ("b", b"1"), ("c", b"1"), ("a", b"2"), ("b", b""), ("c", b"1")]:
        peer.publish(f"open/{topic}", payload, qos=1, retain=True)
        codes.append(peer.take_one().reason_code)
    assert codes == [0, 0, ReasonCode.QUOTA_EXCEEDED, 0, 0, 0]
    assert floor.broker.stats.retained == 2
    assert floor.broker.stats.retained_refused == 1
    for topic in "ac":
        peer.publish(f"open/{topic}", b"", retain=True)
    assert (floor.broker.stats.retained, floor.broker.stats.retained_bytes) == (0, 0)


def test_retained_bytes_are_bounded() -> None:
    floor = Floor(max_retained_bytes=2200)
    peer = floor.peer("p")
    peer.publish("open/a", b"x" * 1800, retain=True)
    peer.publish("open/b", b"x" * 1800, qos=1, retain=True)
    assert peer.take()[-1].reason_code == ReasonCode.QUOTA_EXCEEDED
    peer.publish("open/a", b"x" * 10, retain=True)
    peer.publish("open/b", b"x" * 1800, qos=1, retain=True)
    assert peer.take()[-1].reason_code == 0


def test_an_expired_retained_message_makes_room() -> None:
    floor = Floor(max_retained_messages=1)
    peer = floor.peer("p")
    peer.publish("open/a", b"1", retain=True, properties={"message_expiry_interval": 1})
    floor.clock.advance(1000)
    assert list(floor.broker.retained("open/a")) == []
    assert floor.broker.stats.retained == 0


def test_who_names_what_is_too_deep_is_counted_and_told() -> None:
    floor = Floor(max_topic_levels=3)
    peer = floor.peer("p")
    for _ in range(3):
        assert peer.subscribe("open/a/b/c", "open/a/b").reason_codes == [ReasonCode.TOPIC_FILTER_INVALID, 0]
        peer.publish("open/a/b/c", qos=1)
        assert peer.take_one().reason_code == ReasonCode.TOPIC_NAME_INVALID
    assert (floor.broker.stats.subscribes_refused, floor.broker.stats.violations) == (3, 3)
    assert floor.told == [(Trouble.SUBSCRIBE_OVER_QUOTA, "p"), (Trouble.PUBLISH_OVER_QUOTA, "p")]
    assert all("mqtt.max_topic_levels" in notice.detail for notice in floor.notices)


FAULTS: dict[int, list[object]] = {
    ReasonCode.MALFORMED_PACKET: [Publish("open/\x01", b"")],
    ReasonCode.PROTOCOL_ERROR: [Publish("", b"", properties={"topic_alias": 1})],
    ReasonCode.RECEIVE_MAXIMUM_EXCEEDED: [Publish("open/x", b"", 2, packet_id=number + 1) for number in range(3)],
    ReasonCode.TOPIC_ALIAS_INVALID: [Publish("open/x", b"", properties={"topic_alias": 9})],
    ReasonCode.PACKET_TOO_LARGE: [Publish("open/x", b"x" * 30_000)],
    ReasonCode.QUOTA_EXCEEDED: [Subscribe(1, [Subscription("a")] * 2001)],
}


@pytest.mark.parametrize("code", FAULTS)
def test_who_breaks_the_standard_is_counted_once(code: int) -> None:
    floor = Floor(receive_maximum=2, topic_alias_maximum=3, max_packet_bytes=20_100)
    peer = floor.peer("p")
    peer.send(*FAULTS[code])
    assert peer.take()[-1].reason_code == code
    assert floor.broker.stats.protocol_errors == 1
    assert floor.told == [(Trouble.CUT, "p")]


def test_who_is_cut_for_another_reason_broke_nothing() -> None:
    floor = Floor()
    first = floor.peer("p")
    floor.peer("p")
    assert first.take_one().reason_code == ReasonCode.SESSION_TAKEN_OVER
    floor.broker.shut_down()
    assert floor.broker.stats.protocol_errors == 0


def test_what_is_retained_against_a_rule_that_is_only_watched_is_bounded_too() -> None:
    floor = Floor(max_retained_messages=1)
    peer = floor.peer("p")
    peer.publish("open/x", retain=True)
    for branch in ("watched", "lenient"):
        peer.publish(f"acme/ghent/packaging/{branch}/filler", b"no JSON", qos=1)
        assert peer.take_one().reason_code == 0
        peer.publish(f"acme/ghent/packaging/{branch}/filler", b"no JSON", qos=1, retain=True)
        assert peer.take_one().reason_code == ReasonCode.QUOTA_EXCEEDED
    assert floor.broker.stats.retained == 1


def test_identifiers_that_can_come_together_are_bounded() -> None:
    floor = Floor(max_subscription_identifiers=2)
    peer = floor.peer("p", properties=KEEP)
    seven = {"subscription_identifier": 7}
    wide = ["open/+/a", "open/#", "open/+/b"]
    assert peer.subscribe(*wide, properties=seven).reason_codes == [0, 0, ReasonCode.QUOTA_EXCEEDED]
    assert floor.told == [(Trouble.SUBSCRIBE_OVER_QUOTA, "p")]
    assert floor.notices[0].setting == "max_subscription_identifiers"
    assert peer.subscribe("open/+/b").reason_codes == [0]
    assert peer.subscribe("open/+/b", properties=seven).reason_codes == [ReasonCode.QUOTA_EXCEEDED]
    assert peer.subscribe("open/x", "open/y", "$share/g/open/#", "open/#", properties=seven).reason_codes == [0] * 4
    peer.send(Unsubscribe(1, ["open/+/a"]))
    peer.take()
    assert peer.subscribe("open/+/b", "open/+/c", properties=seven).reason_codes == [0, ReasonCode.QUOTA_EXCEEDED]
    assert floor.broker.stats.subscriptions_over_quota == 3


@pytest.mark.parametrize("packet", [Subscribe(1, [Subscription("a")] * 6000), Unsubscribe(1, ["a"] * 6000)])
def test_a_packet_of_thousands_of_filters_is_refused(packet: Subscribe | Unsubscribe) -> None:
    floor = Floor()
    peer = floor.peer("p")
    peer.send(packet)
    assert peer.take_one().reason_code == ReasonCode.QUOTA_EXCEEDED
