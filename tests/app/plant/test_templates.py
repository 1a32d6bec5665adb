"""A model becomes a Sparkplug template, and the topics stay the same."""

import pytest

from tests.edge.remote import GROUP
from tests.edge.sources import MemoryBdSeq
from tests.support.clock import FakeClock
from tests.support.real_broker import RealBroker
from uns.app.plant.sources import complete
from uns.edge.node import EdgeLink
from uns.edge.spec import parse_source
from uns.edge.uplink import LocalUplink
from uns.host.application import SparkplugHost
from uns.policy import parse_namespace
from uns.registry import Registry, parse_model
from uns.samples import DataType, Quality, Sample
from uns.sparkplug.declared import Membership
from uns.sparkplug.decode import decode
from uns.sparkplug.payload import Template

MODELS = [
    {"model": "motor", "version": 3, "attributes": {"speed": {"type": "number", "unit": "1/min"}}},
    {
        "model": "press",
        "version": 1,
        "attributes": {"force": {"type": "number"}},
        "parts": {"drive": "motor@3"},
    },
]
TREE = {"acme": {"ghent": {"line1": {"press": {"model": "press@1"}, "hall": {"pump": {"model": "motor@3"}}}}}}
DEVICES = {
    "press": {"force": {}, "drive/speed": {}, "undeclared": {}},
    "hall": {"pump/speed": {}, "light": {}},
}


def source(templates: bool):
    registry = Registry([parse_model(model) for model in MODELS])
    namespace, findings = parse_namespace({"tree": TREE}, registry)
    assert findings == []
    document = {"source": "s", "adapter": "opcua", "edge": f"{GROUP}/line1", "endpoint": "x", "devices": DEVICES}
    spec = parse_source(document | ({"templates": True} if templates else {}))
    return complete(spec, namespace)


def test_parts_and_assets_in_folders_of_a_device_are_members_of_templates():
    found = {f"{point.device}/{point.name}": rules.membership for point, rules in source(True).rules.items()}
    assert found == {
        "press/force": None,  # of the asset that the device is
        "press/drive/speed": Membership("drive", "speed", "motor@3", "3"),
        "press/undeclared": None,
        "hall/pump/speed": Membership("pump", "speed", "motor@3", "3"),
        "hall/light": None,
    }


def test_nothing_is_one_unless_the_source_says_so():
    assert {rules.membership for rules in source(False).rules.values()} == {None}


@pytest.mark.parametrize("templates", [True, False])
def test_the_values_appear_on_the_same_topics(templates):
    spec, clock = source(templates), FakeClock()
    broker = RealBroker(clock)
    host = SparkplugHost(broker.link("host"), clock, "uns", lambda finding, message: pytest.fail(str(finding)))
    host.start()
    edge = EdgeLink(
        spec.group,
        spec.node,
        LocalUplink(broker.link("edge")),
        clock,
        MemoryBdSeq(),
        on_write=pytest.fail,
        on_finding=lambda finding: pytest.fail(str(finding)),
    )
    edge.open()
    memberships = {point: rules.membership for point, rules in spec.rules.items() if rules.membership is not None}
    edge.declare(dict.fromkeys(spec.points, DataType.DOUBLE), None, memberships)
    edge.join()
    edge.data([(point, Sample(1.5, Quality.GOOD, clock.wall_ms())) for point in spec.points])
    topics = {message.topic for message in broker.broker.retained("acme/#") if b"1.5" in message.payload}
    assert topics == {
        f"acme/ghent/line1/{topic}"
        for topic in ("press/force", "press/drive/speed", "press/undeclared", "hall/pump/speed", "hall/light")
    }
    births = [decode(message.payload)[0] for message in broker.on(f"spBv1.0/{GROUP}/NBIRTH/")]
    defined = [metric.name for metric in births[-1].metrics if isinstance(metric.value, Template)]
    assert defined == (["motor@3"] if templates else [])
