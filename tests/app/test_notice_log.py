"""Does a line of the log say which client, from where, what and which setting, whatever the client calls itself?"""

from uns.app.notice_log import NoticeLog
from uns.broker import Limits, Notice, Trouble


def test_a_line_says_who_from_where_what_and_which_setting() -> None:
    notice = Notice(Trouble.QUEUE_FULL, "press-4", "192.0.2.1:40000", "max_queued_bytes")
    assert NoticeLog(Limits(max_queued_bytes=5000)).text(notice) == (
        "MQTT client 'press-4' from 192.0.2.1:40000: its queue is full: the oldest messages are shed"
        " (mqtt.max_queued_bytes is 5000)"
    )


def test_the_end_says_how_often() -> None:
    notice = Notice(Trouble.SLOW, "a", "192.0.2.1:1", "max_unsent_bytes", count=17, over=True)
    assert NoticeLog(Limits()).text(notice).endswith("; this has stopped after 17 times")


def test_a_hostile_name_stays_on_its_line() -> None:
    notice = Notice(Trouble.CUT, "a\n2026 ERROR all is lost\x1b[2J", "192.0.2.1:1", "", "0x81 'b\r\nc'")
    text = NoticeLog(Limits()).text(notice)
    assert "\n" not in text
    assert "\x1b" not in text
    assert "\r" not in text


def test_a_trouble_of_the_whole_broker_names_no_client() -> None:
    notice = Notice(Trouble.MEMORY_SHORT, "", "", "max_memory_bytes", "5 bytes are held for messages")
    assert NoticeLog(Limits(max_memory_bytes=4)).text(notice) == (
        "memory is short: messages of QoS 1 and 2 are refused: 5 bytes are held for messages"
        " (mqtt.max_memory_bytes is 4)"
    )


def test_a_setting_is_said_once() -> None:
    notice = Notice(
        Trouble.REFUSED,
        "",
        "192.0.2.1:1",
        "max_connections",
        "the broker already has 5 connections (mqtt.max_connections)",
    )
    assert NoticeLog(Limits(max_connections=5)).text(notice) == (
        "an MQTT client from 192.0.2.1:1: its connection is refused: the broker already has 5 connections"
        " (mqtt.max_connections is 5)"
    )


def test_many_clients_are_told_by_the_address_that_they_share() -> None:
    assert NoticeLog(Limits()).text(Notice(Trouble.CUT, "", "192.0.2.1", many=True, cause="0x82")) == (
        "each of many MQTT clients from 192.0.2.1: it is disconnected (0x82)"
    )


def test_the_end_says_of_which_cause_where_no_setting_drew_the_line() -> None:
    notice = Notice(Trouble.CUT, "a", "192.0.2.1:1", "", "0x82 CONNECT came twice", count=3, over=True, cause="0x82")
    assert NoticeLog(Limits()).text(notice) == (
        "MQTT client 'a' from 192.0.2.1:1: it is disconnected (0x82); this has stopped after 3 times"
    )
