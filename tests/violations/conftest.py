"""A store on a real file, and violations to put into it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from uns.errors import Finding
from uns.policy.verdict import Mode, Outcome, Verdict
from uns.policy.violation import Violation
from uns.violations import ViolationStore

TOPIC = "acme/ghent/packaging/line1/filler/temperature"

Make = Callable[..., ViolationStore]


def violation(
    topic: str = TOPIC,
    payload: bytes = b'"hot"',
    finding_id: str = "payload.type",
    outcome: Outcome = Outcome.REJECTED,
    client_id: str = "plc-1",
    nearest: str = "x",
    **changes: Any,
) -> Violation:
    finding = Finding(id=finding_id, what="'hot' is no number.", where="/value", hint="Send a number.", nearest=nearest)
    fields: dict[str, Any] = {
        "time_ms": 1_763_900_000_123,
        "qos": 1,
        "retain": True,
        "properties": None,
        "role": "plc",
        "address": "10.0.0.7:50123",
        "mode": Mode.REJECT,
    }
    return Violation(
        **{**fields, **changes}, verdict=Verdict(outcome, finding), topic=topic, payload=payload, client_id=client_id
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "violations.db"


@pytest.fixture
def make(path: Path) -> Iterator[Make]:
    made: list[ViolationStore] = []

    def make_store(**options: Any) -> ViolationStore:
        made.append(ViolationStore(path, **options))
        return made[-1]

    yield make_store
    for store in made:
        store.close()


@pytest.fixture
def store(make: Make) -> ViolationStore:
    return make()


def payloads(store: ViolationStore, **asked: Any) -> list[bytes]:
    return [stored.violation.payload for stored in store.list(1000, **asked).violations]
