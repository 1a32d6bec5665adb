"""Does an answer look as /openapi.json says, no key more and no key less?"""

import copy
import json
import re
from typing import Any

import httpx
import jsonschema_rs
from fastapi import FastAPI


class Contract:
    """Checks responses of one app, or of a server, against its own OpenAPI document."""

    def __init__(self, app: FastAPI | dict[str, Any]) -> None:
        document = _made_strict(app) if isinstance(app, dict) else _strict(app)
        self._schemas = document["components"]["schemas"]
        self._paths = [(_pattern(path), operations) for path, operations in document["paths"].items()]
        self.checked: set[str] = set()

    async def check(self, response: httpx.Response) -> None:
        """An httpx event hook; raises AssertionError when the answer breaks the description."""
        await response.aread()
        self.hold(response)

    def hold(self, response: httpx.Response) -> None:
        """The same for a response that was read."""
        operation = self._operation(response.request)
        if operation is None or "json" not in response.headers.get("content-type", ""):
            return
        described = operation["responses"].get(str(response.status_code))
        assert described is not None, f"{response.request.url}: status {response.status_code} is not described"
        schema = described["content"]["application/json"]["schema"]
        validator = jsonschema_rs.validator_for({**schema, "components": {"schemas": self._schemas}})
        faults = [
            f"{fault.instance_path}: {fault.message}" for fault in validator.iter_errors(json.loads(response.content))
        ]
        assert not faults, f"{response.request.url}: {faults}"
        self.checked.add(operation["operationId"])

    def _operation(self, request: httpx.Request) -> dict[str, Any] | None:
        for pattern, operations in self._paths:
            if pattern.fullmatch(request.url.path):
                found: dict[str, Any] | None = operations.get(request.method.lower())
                return found
        return None


def _strict(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document without room for keys that it does not name; made once, every app has the same."""
    if not _documents:
        _documents.append(_made_strict(app.openapi()))
    return _documents[0]


def _made_strict(openapi: dict[str, Any]) -> dict[str, Any]:
    document = copy.deepcopy(openapi)
    for schema in document["components"]["schemas"].values():
        if schema.get("type") == "object" and "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return document


_documents: list[dict[str, Any]] = []


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{[^}]+\}", ".+", path), re.DOTALL)
