"""What is wrong with a new version of a model, what does it change, and where is the model used?"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from uns.errors import Finding
from uns.policy.model_use import Use, uses
from uns.policy.namespace import Namespace
from uns.registry import Attribute, Model, parse_model
from uns.registry.admit import admission_findings, with_kept
from uns.registry.evolution import Step, steps_to
from uns.registry.store import ModelVersion, kept_version


class Judged(msgspec.Struct, frozen=True):
    """ref: "" when the document is no model. attributes: expanded, None when it or a part of it is wrong."""

    ref: str
    findings: Sequence[Finding]
    steps: Sequence[Step] = ()
    places: Sequence[Use] = ()
    attributes: Mapping[str, Attribute] | None = None


def judge_candidate(document: Any, namespace: Namespace, kept: Sequence[ModelVersion] = ()) -> Judged:
    """As if the document came into the plant: beside what runs there, and after what is kept from before."""
    read = parse_model(document)
    if not isinstance(read, Model):
        return Judged("", read)
    running = namespace.registry
    others = [model for model in running.models() if model.ref != read.ref]
    every = with_kept([*others, read], kept)
    places = uses(namespace, read.name)
    faults = [finding for model, finding in every.findings() if model.ref == read.ref]
    if faults:
        return Judged(read.ref, faults, (), places)
    now = running.get(read.ref)
    known = [*kept, *([kept_version(now)] if now is not None and all(entry.ref != read.ref for entry in kept) else ())]
    refused = [finding for model, finding in admission_findings([*others, read], known) if model is read]
    return Judged(read.ref, refused, steps_to(every, read), places, every.attributes(read.ref))
