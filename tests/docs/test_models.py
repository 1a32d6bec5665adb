"""docs/models.md: its sample is a model, and its table agrees with the comparison."""

import re
from pathlib import Path

import yaml

from uns.registry import Model, parse_model
from uns.registry.lifecycle import Compatibility, Status

PAGE = (Path(__file__).parents[2] / "docs/models.md").read_text(encoding="utf-8")


def test_the_sample_is_a_model() -> None:
    (sample,) = re.findall(r"<!-- model -->\n```yaml\n(.*?)```", PAGE, re.DOTALL)
    model = parse_model(yaml.safe_load(sample))
    assert isinstance(model, Model), model
    assert model.ref == "filler@3"


def test_every_status_and_every_promise_is_told() -> None:
    for word in (*Status, *Compatibility):
        assert f"`{word}`" in PAGE, word
