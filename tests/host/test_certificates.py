"""Births are found by who comes later, byte for byte, and nowhere else."""

import pytest

from tests.support.real_broker import RealBroker
from uns.host.certificates import BirthCertificates
from uns.policy.access import Access, Role

BIRTHS = {
    "spBv1.0/g/NBIRTH/n": b"node birth",
    "spBv1.0/g/DBIRTH/n/d": b"device birth",
}
OTHERS = ("spBv1.0/g/NDATA/n", "spBv1.0/g/DDATA/n/d", "spBv1.0/g/NDEATH/n", "spBv1.0/g/NCMD/n", "spBv1.0/STATE/uns")


@pytest.fixture
def broker():
    broker = RealBroker()
    certificates = BirthCertificates(broker.link("certificates"))
    certificates.start()
    edge = broker.link("edge")
    edge.open()
    for topic, payload in BIRTHS.items():
        edge.publish(topic, payload)
    for topic in OTHERS:
        edge.publish(topic, b"other")
    yield broker
    certificates.stop()


def test_births_are_retained_byte_for_byte(broker):
    kept = {message.topic: message for message in broker.broker.retained("$sparkplug/certificates/#")}
    assert {topic: message.payload for topic, message in kept.items()} == {
        f"$sparkplug/certificates/{topic}": payload for topic, payload in BIRTHS.items()
    }
    assert all(message.retain for message in kept.values())


def test_a_later_birth_takes_the_place_of_the_earlier(broker):
    late = broker.link("late")
    late.open()
    late.publish("spBv1.0/g/NBIRTH/n", b"again")
    [kept] = broker.broker.retained("$sparkplug/certificates/spBv1.0/g/NBIRTH/n")
    assert kept.payload == b"again"


@pytest.mark.parametrize("topic_filter", ["#", "+/#", "+/certificates/#", "spBv1.0/#"])
def test_no_wildcard_at_the_top_reaches_them(broker, topic_filter):
    assert not any(message.topic.startswith("$") for message in broker.broker.retained(topic_filter))


@pytest.mark.parametrize(
    ("may", "asked", "allowed"),
    [
        ("spBv1.0/#", "$sparkplug/certificates/spBv1.0/#", True),
        ("spBv1.0/acme/#", "$sparkplug/certificates/spBv1.0/acme/NBIRTH/+", True),
        ("spBv1.0/acme/#", "$sparkplug/certificates/spBv1.0/#", False),
        ("acme/#", "$sparkplug/certificates/#", False),
        ("#", "$sparkplug/certificates/#", True),
        ("#", "$sparkplug/#", False),
        ("#", "$SYS/#", False),
    ],
)
def test_who_may_hear_births_may_have_the_kept_ones(may, asked, allowed):
    access = Access([Role("reader", subscribe=(may,))])
    assert (access.may_subscribe("reader", asked) is None) is allowed


def test_nobody_but_the_platform_publishes_there():
    access = Access([Role("any", publish=("#", "$sparkplug/#"))])
    assert access.publishers("$sparkplug/certificates/spBv1.0/g/NBIRTH/n") == {"internal"}
