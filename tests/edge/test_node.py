"""An edge node on a link: the will, and what the door answers."""

from tests.edge.listener import GROUP, Listener
from tests.edge.sources import MemoryBdSeq
from tests.support.clock import FakeClock
from tests.support.memory_link import MemoryBroker, MemoryLink
from uns.adapter import Point
from uns.edge.node import EdgeLink
from uns.edge.uplink import LocalUplink
from uns.errors import Finding
from uns.link import Acknowledge, Properties
from uns.samples import DataType, Quality, Sample


class RefusingLink(MemoryLink):
    """A door that takes no data."""

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 0,
        retain: bool = False,
        properties: Properties | None = None,
        acknowledge: Acknowledge | None = None,
    ) -> None:
        if "/DDATA/" in topic and acknowledge is not None:
            acknowledge(Finding(id="quota.rate", what="too fast."))
        else:
            super().publish(topic, payload, qos=qos, retain=retain, acknowledge=acknowledge)


def edge_on(link: MemoryLink, findings: list[Finding], bd_seq: int = 0) -> EdgeLink:
    return EdgeLink(
        GROUP,
        "line1",
        LocalUplink(link),
        FakeClock(),
        MemoryBdSeq(bd_seq),
        on_write=lambda write: None,
        on_finding=findings.append,
    )


def test_a_lost_connection_publishes_the_will_with_the_bd_seq_of_the_birth() -> None:
    broker = MemoryBroker()
    host, link = Listener(broker), broker.link("edge:line1")
    edge_on(link, [], bd_seq=41).open()
    assert host.values.pop("bdSeq")[0] == 41
    link.lose()
    assert host.kinds == ["NBIRTH", "NDEATH"]
    assert host.values["bdSeq"][0] == 41


def test_what_the_door_refuses_is_told() -> None:
    broker, findings = MemoryBroker(), list[Finding]()
    point = Point("filler", "t", {})
    edge = edge_on(RefusingLink(broker, "edge:line1"), findings)
    edge.open()
    edge.declare({point: DataType.DOUBLE})
    edge.join()
    edge.data([(point, Sample(1.0, Quality.GOOD, 0))])
    assert [finding.id for finding in findings] == ["quota.rate"]


def test_a_value_that_does_not_fit_its_datatype_is_bad_and_told() -> None:
    broker, findings = MemoryBroker(), list[Finding]()
    host, point = Listener(broker), Point("filler", "count", {})
    edge = edge_on(broker.link("edge:line1"), findings)
    edge.open()
    edge.declare({point: DataType.INT16})
    edge.join()
    edge.data([(point, Sample("many", Quality.GOOD, 0))])
    assert host.values["filler/count"] == (None, Quality.BAD)
    assert len(findings) == 1
