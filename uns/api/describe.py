"""How do declarations and explanations look as JSON? Absent things are null."""

from typing import Any

from pydantic import BaseModel, Field

from uns.api.models import TOPIC, ModeName, VerdictModel
from uns.policy.explain import Explanation
from uns.registry import Attribute


class AttributeModel(BaseModel):
    """The declared contract of a value."""

    path: str = Field(description="Levels below the asset.", examples=["temperature"])
    type: str = Field(examples=["number"])
    unit: str | None = Field(description="UCUM code.", examples=["Cel"])
    min: float | None
    max: float | None
    enum: list[Any] | None
    max_age_ms: int | None = Field(description="After this without a sample the value turns Uncertain.")
    writable: bool
    description: str | None


class RuleModel(BaseModel):
    """One rule that was looked at."""

    rule: str
    matched: bool
    why: str


class ExplanationModel(BaseModel):
    """Why a topic gets the verdict it gets."""

    topic: str = Field(examples=[TOPIC])
    verdict: VerdictModel
    path: str = Field(description="The declared part of the topic.")
    levels: dict[str, str]
    mode: ModeName
    mode_source: str
    rules: list[RuleModel]
    model: str | None
    attribute: AttributeModel | None
    owner: str | None
    description: str | None
    open: bool
    publishers: list[str] = Field(description="The roles that may publish here.")
    nearest: str = Field(description="The topic that was probably meant; may be empty.")


def attribute_fields(attribute: Attribute | None) -> dict[str, Any] | None:
    """The `attribute` object of topics and explanations."""
    if attribute is None:
        return None
    return {
        "path": attribute.path,
        "type": attribute.type,
        "unit": attribute.unit or None,
        "min": attribute.min,
        "max": attribute.max,
        "enum": attribute.enum or None,
        "max_age_ms": attribute.max_age_ms,
        "writable": attribute.writable,
        "description": attribute.description or None,
    }


def explanation_fields(explanation: Explanation) -> dict[str, Any]:
    """The `explanation` object."""
    verdict = explanation.verdict
    return {
        "topic": explanation.topic,
        "verdict": {"topic": explanation.topic, "outcome": verdict.outcome, "finding": verdict.finding},
        "path": explanation.path,
        "levels": explanation.levels,
        "mode": explanation.mode,
        "mode_source": explanation.mode_source,
        "rules": explanation.rules,
        "model": explanation.model or None,
        "attribute": attribute_fields(explanation.attribute),
        "owner": explanation.owner or None,
        "description": explanation.description or None,
        "open": explanation.open,
        "publishers": explanation.publishers,
        "nearest": explanation.nearest,
    }
