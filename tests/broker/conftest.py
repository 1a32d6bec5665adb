"""A broker in memory under the real policy: one contract, an open branch, one branch of each mode."""

import pytest
import yaml

from tests.broker.peer import Peer
from tests.support.clock import FakeClock
from uns.broker import Broker, Credentials, Granted, Limits
from uns.errors import Finding
from uns.policy.access_file import parse_access
from uns.policy.admission import CompiledAdmission
from uns.policy.namespace_file import parse_namespace
from uns.policy.violation import Violation
from uns.registry import Registry, parse_model

MODEL = """
model: filler
version: 1
attributes:
  temperature: {type: number, unit: Cel, min: -10, max: 120}
  state: {type: string, enum: [stopped, execute]}
"""
NAMESPACE = """
levels: [enterprise, site, area, line, cell]
mode: quarantine
tree:
  acme:
    ghent:
      packaging:
        line1: {filler: {model: filler@1}}
        strict: {mode: reject, filler: {model: filler@1}}
        lenient: {mode: warn, filler: {model: filler@1}}
        watched: {mode: observe, filler: {model: filler@1}}
open: ["open/#"]
"""
ACCESS = """
roles:
  engineer: {publish: ["acme/#", "open/#"], subscribe: ["acme/#", "open/#", "+/only", "$SYS/#"]}
  viewer: {subscribe: ["acme/#"]}
"""


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def violations() -> list[Violation]:
    return []


def compile_admission(namespace: str = NAMESPACE, access: str = ACCESS, model_text: str = MODEL) -> CompiledAdmission:
    model = parse_model(yaml.safe_load(model_text))
    assert not isinstance(model, list), model
    registry = Registry([model])
    compiled, findings = parse_namespace(yaml.safe_load(namespace), registry)
    compiled_access, access_findings = parse_access(yaml.safe_load(access))
    assert compiled is not None, findings
    assert not findings + access_findings
    return CompiledAdmission(compiled, registry, compiled_access)


def by_username(credentials: Credentials, answer) -> None:
    """The user name is the role; `nobody` is refused; no name is an engineer."""
    if credentials.username == "nobody":
        answer(Finding(id="access.credentials", what="nobody may not come in."))
    else:
        role = credentials.username or "engineer"
        answer(Granted(role, role))


@pytest.fixture
def limits() -> Limits:
    return Limits(receive_maximum=5, max_queued_messages=10, max_packet_bytes=10_000, topic_alias_maximum=3)


@pytest.fixture
def broker(clock: FakeClock, violations: list[Violation], limits: Limits) -> Broker:
    return Broker(compile_admission(), clock, limits=limits, authenticate=by_username, on_violation=violations.append)


@pytest.fixture
def peer(broker: Broker) -> Peer:
    """A connected MQTT 5 client `peer`."""
    peer = Peer(broker)
    peer.connect("peer")
    return peer


@pytest.fixture
def other(broker: Broker) -> Peer:
    """Another one, `other`."""
    other = Peer(broker)
    other.connect("other")
    return other
