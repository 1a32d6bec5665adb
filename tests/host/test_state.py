"""The STATE messages of a host."""

import pytest

from uns.errors import UnsError
from uns.host.state import HostState


def test_will_and_birth_share_their_time_and_the_death_has_its_own():
    state = HostState("scada")
    will = state.will(1000)
    birth, death = state.birth(), state.death(2000)
    assert {each.topic for each in (will, birth, death)} == {"spBv1.0/STATE/scada"}
    assert {(each.qos, each.retain) for each in (will, birth, death)} == {(1, True)}
    assert will.payload == b'{"online":false,"timestamp":1000}'
    assert birth.payload == b'{"online":true,"timestamp":1000}'
    assert death.payload == b'{"online":false,"timestamp":2000}'


@pytest.mark.parametrize(
    ("payload", "foreign"),
    [
        (b'{"online":true,"timestamp":1000}', False),
        (b'{"timestamp": 1000, "online": true}', False),
        (b'{"online":false,"timestamp":1000}', True),
        (b'{"online":true,"timestamp":999}', True),
        (b"OFFLINE", True),
        (b"\xff", True),
        (b"", True),
    ],
)
def test_what_is_not_ours_is_foreign(payload, foreign):
    state = HostState("scada")
    state.will(1000)
    assert state.foreign(payload) is foreign


def test_the_host_id_must_fit_a_topic():
    with pytest.raises(UnsError, match=r"sparkplug\.topic"):
        HostState("a/b")
