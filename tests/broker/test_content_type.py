"""The Content Type of MQTT 5 at the door: JSON where JSON is declared, and bytes where they are."""

import pytest

from tests.support.clock import FakeClock
from uns.broker import Broker
from uns.link import Message, Properties
from uns.policy import CompiledAdmission, parse_access, parse_namespace
from uns.policy.verdict import Outcome
from uns.registry import Model, Registry, parse_model

ASSET = "acme/ghent/packaging/line1/filler"


@pytest.fixture
def broker() -> Broker:
    attributes = {
        "speed": {"type": "number"},
        "picture": {"type": "bytes", "content_type": "image/png", "max_length": 4},
    }
    model = parse_model({"model": "filler", "version": 1, "attributes": attributes})
    assert isinstance(model, Model), model
    registry = Registry([model])
    tree = {"acme": {"ghent": {"packaging": {"line1": {"filler": {"model": "filler@1"}}}}}}
    namespace, findings = parse_namespace({"mode": "reject", "tree": tree, "open": ["acme/+/_raw/#"]}, registry)
    assert namespace is not None, findings
    access, _ = parse_access({})
    return Broker(CompiledAdmission(namespace, registry, access), FakeClock())


@pytest.mark.parametrize(
    ("topic", "payload", "properties", "expected"),
    [
        (f"{ASSET}/speed", b'{"value":1}', None, ""),
        (f"{ASSET}/speed", b'{"value":1}', {"content_type": "application/json"}, ""),
        (f"{ASSET}/speed", b'{"value":1}', {"content_type": "image/png"}, "payload.content_type"),
        (f"{ASSET}/speed", b'{"value":1}', {"response_topic": "a"}, ""),
        (f"{ASSET}/picture", b"\x89PNG", None, ""),
        (f"{ASSET}/picture", b"\x89PNG", {"content_type": "image/png"}, ""),
        (f"{ASSET}/picture", b"\x89PNG", {"content_type": "image/gif"}, "payload.content_type"),
        (f"{ASSET}/picture", b"\x89PNG1", {"content_type": "image/png"}, "payload.length"),
        ("acme/ghent/_raw/a", b"\x89PNG", {"content_type": "image/gif"}, ""),
    ],
)
def test_what_a_message_says_it_is(
    broker: Broker, topic: str, payload: bytes, properties: Properties | None, expected: str
) -> None:
    verdict = broker.publish(Message(topic, payload, properties=properties), "admin")
    assert (verdict.finding.id if verdict.finding else "") == expected
    assert verdict.outcome is (Outcome.REJECTED if expected else Outcome.ACCEPTED)
