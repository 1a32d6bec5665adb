"""The plant of the policy tests, built from its documents."""

from pathlib import Path
from typing import Any

import yaml

from uns.policy import CompiledAdmission, parse_access, parse_namespace
from uns.registry import Model, Registry, parse_model

DOCUMENTS: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "cases/plant.yaml").read_text())


def registry(documents: dict[str, Any] = DOCUMENTS) -> Registry:
    models = [parse_model(document) for document in documents["models"]]
    assert all(isinstance(model, Model) for model in models), models
    return Registry(model for model in models if isinstance(model, Model))


def admission(documents: dict[str, Any] = DOCUMENTS) -> CompiledAdmission:
    models = registry(documents)
    namespace, findings = parse_namespace(documents["namespace"], models)
    access, access_findings = parse_access(documents["access"])
    assert [*findings, *access_findings] == []
    assert namespace is not None
    return CompiledAdmission(namespace, models, access)
