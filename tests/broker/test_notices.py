"""What is told to the operator, when it begins and when it is over, and how often at most?"""

from tests.broker.floor import Floor
from uns.broker import Trouble
from uns.broker.notices import LOOK_MS as NOTICES_LOOK_MS
from uns.broker.notices import PER_HOST_KEPT, QUIET_MS, TROUBLES_KEPT


def test_a_trouble_is_told_when_it_begins_and_when_it_is_over() -> None:
    floor = Floor(max_unsent_bytes=1000)
    slow, peer = floor.peer("slow"), floor.peer("p")
    slow.subscribe("open/#")
    for _ in range(50):
        peer.publish("open/x", b"x" * 500)
    assert [(notice.trouble, notice.over) for notice in floor.notices] == [(Trouble.SLOW, False)]
    for _ in range((QUIET_MS + NOTICES_LOOK_MS) // 1000 + 1):
        floor.advance(1000)
    begun, ended = floor.notices
    assert (ended.trouble, ended.over) == (Trouble.SLOW, True)
    assert ended.count == floor.broker.stats.slow_shed
    assert (begun.client_id, begun.address, begun.setting) == ("slow", "192.0.2.1:40000", "max_unsent_bytes")


def test_made_up_client_ids_make_a_bounded_number_of_lines() -> None:
    floor = Floor()
    for second in range(2 * QUIET_MS // 1000):
        for number in range(10):
            floor.peer(f"c{second}.{number}").connection.receive(b"\x00\x00")
        floor.advance(1000)
    assert len(floor.notices) == PER_HOST_KEPT + 1
    assert [(each.many, each.client_id, each.address) for each in floor.notices[-2:]] == [
        (False, "c0.9", "192.0.2.1:40000"),
        (True, "", "192.0.2.1"),
    ]
    floor.peer("other", address="192.0.2.2:1").connection.receive(b"\x00\x00")
    assert floor.notices[-1].client_id == "other"


def test_made_up_addresses_make_a_bounded_number_of_lines() -> None:
    floor = Floor()
    for number in range(TROUBLES_KEPT + 500):
        floor.peer(f"c{number}", address=f"10.0.{number >> 8}.{number & 255}:1").connection.receive(b"\x00\x00")
    assert len(floor.notices) == TROUBLES_KEPT + 1
    assert (floor.notices[-1].many, floor.notices[-1].address) == (True, "")


def test_a_client_without_an_id_of_its_own_is_told_by_its_address() -> None:
    floor = Floor()
    for port in range(5):
        floor.peer("", address=f"192.0.2.1:{port + 1}").connection.receive(b"\x00\x00")
    (notice,) = floor.notices
    assert (notice.client_id, notice.address) == ("", "192.0.2.1:1")


def test_each_cause_of_one_client_is_told_by_itself() -> None:
    floor = Floor(max_packet_bytes=2000, receive_maximum=1)
    for _ in range(2):
        peer = floor.peer("p")
        for packet_id in (1, 2):
            peer.publish("open/x", b"1", qos=2, packet_id=packet_id)
        floor.peer("p").publish("open/x", b"x" * 3000)
        floor.peer("p").connection.receive(b"\x00\x00")
    begun = [(notice.trouble, notice.setting, notice.detail[:4]) for notice in floor.notices]
    assert begun == [
        (Trouble.CUT, "receive_maximum", "0x93"),
        (Trouble.CUT, "max_packet_bytes", "0x95"),
        (Trouble.CUT, "", "0x82"),
    ]
    for _ in range((QUIET_MS + NOTICES_LOOK_MS) // 1000 + 1):
        floor.advance(1000)
    ended = [(notice.cause, notice.count) for notice in floor.notices if notice.over]
    assert ended == [("receive_maximum", 2), ("max_packet_bytes", 2), ("0x82", 2)]


def test_a_disconnect_says_which_setting_drew_the_line() -> None:
    floor = Floor(max_packet_bytes=2000)
    peer = floor.peer("p")
    peer.publish("open/x", b"x" * 3000)
    (notice,) = floor.notices
    assert (notice.trouble, notice.client_id, notice.setting) == (Trouble.CUT, "p", "max_packet_bytes")
    assert "0x95" in notice.detail
