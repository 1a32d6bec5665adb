"""What an edge node believes of its primary host."""

import pytest

from uns.errors import UnsError
from uns.sparkplug.primary import HostPresence, PrimaryHost

ONLINE, OFFLINE, UNKNOWN = HostPresence.ONLINE, HostPresence.OFFLINE, HostPresence.UNKNOWN


def state(online: bool, timestamp: int) -> bytes:
    return f'{{"online": {str(online).lower()}, "timestamp": {timestamp}}}'.encode()


PLAYS = [
    ("the first is believed, however old", [(state(True, 0), ONLINE)]),
    ("the first may be a death", [(state(False, 7), OFFLINE), (state(True, 8), ONLINE)]),
    ("an equal time counts", [(state(True, 5), ONLINE), (state(False, 5), OFFLINE)]),
    ("an older death is late", [(state(True, 5), ONLINE), (state(False, 4), ONLINE)]),
    ("an older birth is late", [(state(False, 5), OFFLINE), (state(True, 4), OFFLINE)]),
    ("further members are allowed", [(b'{"online": true, "timestamp": 1, "bdSeq": 3}', ONLINE)]),
    ("text of version 2 says nothing", [(b"ONLINE", UNKNOWN)]),
    ("a time as text says nothing", [(b'{"online": true, "timestamp": "1"}', UNKNOWN)]),
    ("a number is not online", [(b'{"online": 1, "timestamp": 1}', UNKNOWN)]),
    ("a missing time says nothing", [(b'{"online": true}', UNKNOWN)]),
    ("an empty payload says nothing", [(state(True, 5), ONLINE), (b"", ONLINE)]),
    ("bytes say nothing", [(b"\xff\x00", UNKNOWN)]),
]


@pytest.mark.parametrize("play", [play for _, play in PLAYS], ids=[name for name, _ in PLAYS])
@pytest.mark.assertion(
    "message-flow-edge-node-birth-publish-phid-wait-timestamp",
    "operational-behavior-edge-node-termination-host-offline-timestamp",
)
def test_presence(play):
    host = PrimaryHost("scada")
    for payload, presence in play:
        before = host.presence
        assert host.receive(payload) is (presence is not before)
        assert host.presence is presence


def test_its_topic_ends_in_its_id():
    assert PrimaryHost("scada").topic == "spBv1.0/STATE/scada"
    with pytest.raises(UnsError):
        PrimaryHost("a/b")
