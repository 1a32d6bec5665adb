"""Which shapes do several answers share? Models for the OpenAPI description; the bytes are written by msgspec."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

QualityName = Literal["Good", "Uncertain", "Bad", "GoodNoData"]
OutcomeName = Literal["accepted", "written", "observed", "warned", "quarantined", "rejected"]
ModeName = Literal["observe", "warn", "quarantine", "reject"]
Timestamp = str
TOPIC = "acme/ghent/packaging/line1/filler/temperature"
TIME = "2026-11-22T12:00:00.123Z"


class FindingModel(BaseModel):
    """What is wrong, where, and what to do."""

    id: str = Field(description="Stable: `family.name`.", examples=["topic.undeclared"])
    what: str = Field(description="One sentence: what was found and what was expected.")
    where: str = Field(description="A JSON pointer, a parameter or the name of a topic level; may be empty.")
    hint: str = Field(description="What to do now; may be empty.")
    nearest: str = Field(description="The nearest valid word or topic; may be empty.")


class ErrorModel(BaseModel):
    """The body of every answer that is not a success."""

    error: FindingModel


class RefusedModel(ErrorModel):
    """A publish that was not delivered."""

    outcome: Literal["quarantined", "rejected"] | None = Field(
        None, description="What became of the message; absent when the request never came to the door."
    )


class SampleModel(BaseModel):
    """The value-quality-timestamp object."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"value": 21.4, "quality": "Good", "timestamp": TIME}]})

    value: Any = Field(description="A JSON value; null when the quality is Bad or GoodNoData.")
    quality: QualityName | None = Field(description="null when the payload is no sample.")
    timestamp: Timestamp | None = Field(description="Source time: RFC 3339, UTC with `Z` and milliseconds.")


class NodeModel(SampleModel):
    """One row of the tree. What does not apply is null."""

    path: str = Field(examples=[TOPIC])
    name: str = Field(description="The last level of the path.", examples=["temperature"])
    depth: int = Field(description="1 is right below the path asked for.")
    level: str = Field(description="ISA-95 level, `attribute`, or `topic` for what is not declared.")
    kind: Literal["folder", "asset", "attribute", "topic"]
    children: int = Field(description="How many nodes are right below.")
    declared: bool = Field(description="Does the namespace declare it?")
    model: str | None = Field(examples=["filler@2"])
    owner: str | None
    description: str | None
    unit: str | None = Field(description="UCUM code.", examples=["Cel"])
    type: str | None = Field(examples=["number"])


class VerdictModel(BaseModel):
    """What the door decided."""

    topic: str = Field(examples=[TOPIC])
    outcome: OutcomeName
    finding: FindingModel | None


ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"model": ErrorModel, "description": "Credentials are missing or wrong (`access.*`)."},
    403: {"model": ErrorModel, "description": "The role may not do this (`access.*`)."},
    422: {"model": ErrorModel, "description": "The request is not understood (`request.*`)."},
    429: {"model": ErrorModel, "description": "Too much (`quota.*`)."},
    500: {"model": ErrorModel, "description": "A defect of the server (`internal.*`)."},
}
NOT_FOUND: dict[int | str, dict[str, Any]] = {
    404: {"model": ErrorModel, "description": "Neither declared nor seen (`unknown.*`), with the nearest known."}
}
UNAVAILABLE: dict[int | str, dict[str, Any]] = {
    503: {"model": ErrorModel, "description": "A part of the server is not available (`unreachable.*`)."}
}
TOO_LARGE: dict[int | str, dict[str, Any]] = {
    413: {"model": ErrorModel, "description": "The body is too large (`quota.body`)."}
}
