"""Model documents, right and wrong."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from uns.registry import AttributeType, Model, parse_model

CASES = yaml.safe_load((Path(__file__).parent / "cases/models.yaml").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["model"])[:80])
def test_every_fault_of_a_model_is_named_with_its_place(case: dict[str, Any]) -> None:
    read = parse_model(case["model"])
    found = [] if isinstance(read, Model) else read
    expected = [(*entry, "")[:3] for entry in case["findings"]]
    assert [(finding.id, finding.where, finding.nearest) for finding in found] == expected


def test_a_model_keeps_what_its_document_says() -> None:
    model = parse_model(
        {
            "model": "filler",
            "version": 2,
            "owner": "packaging-team",
            "attributes": {
                "temperature": {"type": "number", "unit": "Cel", "min": -10, "max": 120, "max_age": "1.5m"},
                "speed/setpoint": {"type": "number", "writable": True, "optional": True},
                "order": {"schema": {"type": "array"}},
            },
            "parts": {"motor": "motor@1"},
        }
    )
    assert isinstance(model, Model)
    assert model.ref == "filler@2"
    assert model.owner == "packaging-team"
    assert model.parts == {"motor": "motor@1"}
    temperature = model.attributes["temperature"]
    assert (temperature.unit, temperature.limits, temperature.max_age_ms) == ("Cel", (-10, 120), 90_000)
    setpoint = model.attributes["speed/setpoint"]
    assert (setpoint.writable, setpoint.optional, temperature.writable) == (True, True, False)
    assert model.attributes["order"].type is AttributeType.ARRAY
    assert model.document is None


def test_a_schema_model_takes_its_document_on_the_asset_itself() -> None:
    model = parse_model({"model": "order", "version": 1, "schema": {"type": "object"}})
    assert isinstance(model, Model)
    assert model.document is not None
    assert (model.document.path, model.document.type) == ("", AttributeType.OBJECT)
