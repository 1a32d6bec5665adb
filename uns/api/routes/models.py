"""Which models are there, in which versions, who uses them, and what would a new version change?"""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from uns.api.bodies import StrictRoute
from uns.api.context import Context, Ctx, Who
from uns.api.models import ERRORS, NOT_FOUND, TIME, TOO_LARGE, FindingModel
from uns.api.recent import MAX_TOPICS, recent_payloads
from uns.api.responses import json_response
from uns.api.routes.history import read_range
from uns.errors import Finding, UnsError, nearest
from uns.policy.candidate import judge_candidate
from uns.policy.model_use import assets_by_model
from uns.policy.trial import Trial, subscribers, topics_of, try_messages
from uns.registry import Model
from uns.registry.admit import with_kept
from uns.registry.evolution import Step
from uns.registry.store import ModelVersion
from uns.registry.written import fingerprint, model_document
from uns.samples import format_timestamp

router = APIRouter(tags=["govern"], route_class=StrictRoute, responses=ERRORS)
SHOWN = 100


class ModelVersionModel(BaseModel):
    """One version of a model."""

    ref: str = Field(examples=["filler@2"])
    name: str
    version: int
    status: str = Field(description="draft, active or deprecated.", examples=["active"])
    owner: str | None
    description: str | None
    changelog: str | None
    deprecated: str | None = Field(description="Why it is, and until when it works.")
    replaced_by: str | None
    compatibility: str = Field(examples=["backward"])
    semantic_id: str | None
    running: bool = Field(description="Is it among the models that run now, or only kept from before?")
    since: str | None = Field(description="When this server first ran it.", examples=[TIME])
    changed_by: str | None
    assets: int = Field(description="How many assets name it as their model.")


class ModelList(BaseModel):
    """Every version of every model, by name and number."""

    models: list[ModelVersionModel]


class ModelDetail(ModelVersionModel):
    """One version with its document."""

    document: dict[str, Any] = Field(description="As a file of `models/` says it.")
    json_schema: dict[str, Any] | None = Field(description="2020-12, parts expanded; null when it does not run.")
    fingerprint: str = Field(description="SHA-256 of the contract.")
    used_by: list[str] = Field(description="Assets, the first hundred.")


class ChangeModel(BaseModel):
    """One difference between two versions."""

    path: str
    what: str
    old_data: str = Field(description="Why what was valid would be refused; empty when it stays valid.")
    old_consumers: str = Field(description="How new data could surprise an old reader; empty when it cannot.")
    level: str = Field(examples=["breaks backward"])


class StepModel(BaseModel):
    """From an earlier version to the candidate."""

    old: str
    new: str
    held: bool = Field(description="Does the declared compatibility cover this step?")
    changes: list[ChangeModel]


class TrialModel(BaseModel):
    """The candidate against messages that were really sent."""

    text: str
    judged: int
    topics: int
    refused: dict[str, int] = Field(description="Topic to how many of its messages would be refused.")
    first_topic: str | None
    first: FindingModel | None


class SubscriberModel(BaseModel):
    """A client that subscribes to topics of the model now."""

    client_id: str
    filters: list[str]


class ModelChecked(BaseModel):
    """What is wrong with a candidate, what it changes and whom it touches."""

    ref: str | None
    valid: bool
    findings: list[FindingModel]
    steps: list[StepModel]
    assets: list[str] = Field(description="Assets with any version of the model, by itself or as a part; 100 at most.")
    topics: int = Field(description="How many topics these assets have of it.")
    messages: TrialModel | None
    clients: list[SubscriberModel] = Field(description="The first hundred.")


class Candidate(BaseModel):
    """A model document to judge. Nothing is kept."""

    model_config = ConfigDict(extra="forbid")

    document: dict[str, Any] = Field(description="As a file of `models/` says it.")
    last: str = Field("1h", description="How far back to look for messages.", examples=["24h"])


@router.get("/models", response_model=ModelList, summary="Every version of every model")
async def models(ctx: Ctx, who: Who) -> Response:
    """What runs, and what ran before on this data directory."""
    kept = await _kept(ctx, None)
    return json_response({"models": _versions(ctx, kept, None)})


@router.post("/models/check", response_model=ModelChecked, responses=TOO_LARGE, summary="Judge a new version")
async def check_model(ctx: Ctx, who: Who, candidate: Candidate) -> Response:
    """Faults, changes against every earlier version, and what it would do to recent messages and live subscribers."""
    start_ms, end_ms = read_range(candidate.last, None, None, ctx.platform.clock)
    platform = ctx.platform
    judged = judge_candidate(candidate.document, platform.policy.namespace, await _kept(ctx, None))
    readable = [place for place in judged.places if ctx.may_read(who, f"{place.asset}/#")]
    paths = topics_of(platform.policy.registry, readable)
    trial = None
    if judged.attributes is not None and paths:
        recent = recent_payloads(platform.broker, platform.history, list(paths), start_ms, end_ms)
        trial = await asyncio.to_thread(try_messages, judged.attributes, paths, recent)
    clients = ((client.client_id, client.subscriptions) for client in platform.broker.clients())
    return json_response(
        {
            "ref": judged.ref or None,
            "valid": not judged.findings,
            "findings": judged.findings,
            "steps": [_step(step) for step in judged.steps],
            "assets": list(dict.fromkeys(place.asset for place in readable))[:SHOWN],
            "topics": len(paths),
            "messages": None if trial is None else trial_fields(trial),
            "clients": subscribers(list(paths)[:MAX_TOPICS], clients)[:SHOWN],
        }
    )


@router.get("/models/{name}/{version}", response_model=ModelDetail, responses=NOT_FOUND, summary="One version")
async def model_detail(ctx: Ctx, who: Who, name: str, version: int) -> Response:
    """Document, JSON Schema, and the assets that use it."""
    kept = {entry.ref: entry for entry in await _kept(ctx, name)}
    registry, ref = ctx.platform.policy.registry, f"{name}@{version}"
    running = registry.get(ref)
    model = running or with_kept((), kept.values()).get(ref)
    if model is None:
        raise UnsError(_unknown(ctx, ref))
    assets = assets_by_model(ctx.platform.policy.namespace).get(ref, [])
    shown = [asset for asset in assets if ctx.may_read(who, f"{asset}/#")][:SHOWN]
    detail = {
        "document": model_document(model),
        "json_schema": None if running is None else registry.json_schema(ref),
        "fingerprint": fingerprint(model),
        "used_by": shown,
    }
    return json_response(_fields(model, running is not None, kept.get(ref), len(assets)) | detail)


@router.get("/models/{name}", response_model=ModelList, responses=NOT_FOUND, summary="The versions of one model")
async def model_versions(ctx: Ctx, who: Who, name: str) -> Response:
    """With the changelog of each."""
    found = _versions(ctx, await _kept(ctx, name), name)
    if not found:
        raise UnsError(_unknown(ctx, name))
    return json_response({"models": found})


async def _kept(ctx: Context, name: str | None) -> Sequence[ModelVersion]:
    store = ctx.platform.models
    return () if store is None else await asyncio.to_thread(store.versions, name)


def _versions(ctx: Context, kept: Sequence[ModelVersion], name: str | None) -> list[dict[str, Any]]:
    running, by_ref = ctx.platform.policy.registry, {entry.ref: entry for entry in kept}
    assets = assets_by_model(ctx.platform.policy.namespace)
    every = [model for model in with_kept(running.models(), kept).models() if name in (None, model.name)]
    return [
        _fields(model, running.get(model.ref) is not None, by_ref.get(model.ref), len(assets.get(model.ref, ())))
        for model in sorted(every, key=lambda model: (model.name, model.version))
    ]


def _fields(model: Model, running: bool, kept: ModelVersion | None, assets: int) -> dict[str, Any]:
    texts = ("owner", "description", "changelog", "deprecated", "replaced_by", "semantic_id")
    return {
        "ref": model.ref,
        "name": model.name,
        "version": model.version,
        "status": model.status,
        **{name: getattr(model, name) or None for name in texts},
        "compatibility": model.compatibility,
        "running": running,
        "since": None if kept is None else format_timestamp(kept.first_ms),
        "changed_by": None if kept is None else kept.who,
        "assets": assets,
    }


def _step(step: Step) -> dict[str, Any]:
    changes = [{**msgspec.structs.asdict(change), "level": change.level} for change in step.changes]
    return {"old": step.old, "new": step.new, "held": step.held, "changes": changes}


def trial_fields(trial: Trial) -> dict[str, Any]:
    return {**msgspec.structs.asdict(trial), "text": str(trial), "first_topic": trial.first_topic or None}


def _unknown(ctx: Context, ref: str) -> Finding:
    known = ctx.platform.policy.registry.names()
    near = nearest(ref, [*known, *(name.partition("@")[0] for name in known)])
    return Finding(
        id="unknown.model", what=f"there is no model '{ref[:120]}'.", hint="GET /api/v1/models lists all.", nearest=near
    )
