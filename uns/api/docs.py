"""How does a person read the API? One page made from the OpenAPI document, without scripts or outside requests.

Swagger UI would be 1.4 MB and needs scripts and inline styles that a strict Content-Security-Policy forbids. Plain HTML
does what people come for: find an endpoint, read its parameters and answers, try a GET, copy a curl line.
"""

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

SECURITY_POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


def render(openapi: Mapping[str, Any]) -> str:
    """The whole page."""
    info = openapi["info"]
    body = "".join(_sections(openapi))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(info["title"])} API</title><link rel="stylesheet" href="docs/style.css"></head><body>'
        f'<h1>{escape(info["title"])} API</h1><p class="says">version {escape(info["version"])} · '
        f'<a href="openapi.json">openapi.json</a> · <a href="./">web page</a></p>'
        f"{_prose(info.get('description', ''))}{body}</body></html>"
    )


def _sections(openapi: Mapping[str, Any]) -> Iterator[str]:
    by_tag: dict[str, list[str]] = {}
    for path, operations in openapi["paths"].items():
        for method, operation in operations.items():
            entry = _operation(path, method, operation, openapi)
            by_tag.setdefault(operation.get("tags", ["other"])[0], []).append(entry)
    for tag, entries in by_tag.items():
        yield f"<h2>{escape(tag)}</h2>{''.join(entries)}"
    yield f"<h2>Shapes</h2>{''.join(_shapes(openapi))}"


def _shapes(openapi: Mapping[str, Any]) -> Iterator[str]:
    """The objects that answers are made of, by the names that the tables of fields use."""
    for name, schema in sorted(openapi["components"]["schemas"].items()):
        fields = _fields(schema, openapi)
        if fields and "ValidationError" not in name:
            says = _marked(schema.get("description", ""))
            title = f'<code>{escape(name.removesuffix("Model"))}</code><span class="says">{says}</span>'
            yield f"<details><summary>{title}</summary>{fields}</details>"


def _operation(path: str, method: str, operation: Mapping[str, Any], openapi: Mapping[str, Any]) -> str:
    parameters = operation.get("parameters", [])
    return (
        f'<details id="{escape(operation["operationId"])}"><summary><span class="verb {escape(method)}">'
        f"{escape(method.upper())}</span><code>{escape(path)}</code>"
        f'<span class="says">{escape(operation.get("summary", ""))}</span></summary>'
        f"{_prose(operation.get('description', ''))}"
        f"{_parameters(path, method, parameters)}{_body(operation, openapi)}"
        f"<p>Example</p><pre>{escape(_curl(path, method, operation, openapi))}</pre>"
        f"{_answers(operation, openapi)}</details>"
    )


def _parameters(path: str, method: str, parameters: list[Mapping[str, Any]]) -> str:
    """A table, which for a GET without path parameters is a form that opens the answer."""
    if not parameters:
        return ""
    tried = method == "get" and "{" not in path and not path.endswith("/stream")
    rows = "".join(_parameter(parameter, tried) for parameter in parameters)
    table = f"<table>{rows}</table>"
    if not tried:
        return table
    return f'<form action="{escape(path[1:])}" target="_blank">{table}<button>Try</button></form>'


def _parameter(parameter: Mapping[str, Any], tried: bool) -> str:
    name, schema = parameter["name"], parameter["schema"]
    needed = " (needed)" if parameter.get("required") else ""
    default = f" Default {schema['default']}." if schema.get("default") not in (None, "") else ""
    text = _marked(parameter.get("description", "") + default)
    field = ""
    if tried:
        value = schema.get("default", _example(schema, {}) if parameter.get("required") else "")
        field = f'<td><input name="{escape(name)}" value="{escape(str(value or ""))}"></td>'
    return (
        f"<tr><td><code>{escape(name)}</code>{needed}</td><td>{escape(_type(schema))}</td><td>{text}</td>{field}</tr>"
    )


def _body(operation: Mapping[str, Any], openapi: Mapping[str, Any]) -> str:
    schema = _json_schema(operation.get("requestBody"))
    if not schema:
        return ""
    return f"<p>Body</p>{_fields(schema, openapi)}"


def _answers(operation: Mapping[str, Any], openapi: Mapping[str, Any]) -> str:
    parts = []
    for status, response in operation["responses"].items():
        schema = _json_schema(response)
        shown = _fields(schema, openapi) if schema and status == "200" else ""
        parts.append(f"<tr><td>{escape(status)}</td><td>{_marked(response.get('description', ''))}{shown}</td></tr>")
    return f"<p>Answers</p><table>{''.join(parts)}</table>"


def _fields(schema: Mapping[str, Any], openapi: Mapping[str, Any]) -> str:
    """Name, type and meaning of each property of an object."""
    resolved = _resolve(schema, openapi)
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(_type(field))}</td>"
        f"<td>{_marked(field.get('description', ''))}</td></tr>"
        for name, field in resolved.get("properties", {}).items()
    )
    return f"<table>{rows}</table>" if rows else ""


def _curl(path: str, method: str, operation: Mapping[str, Any], openapi: Mapping[str, Any]) -> str:
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", str(_example(parameter["schema"], openapi)))
    asked = [
        f"{parameter['name']}={_example(parameter['schema'], openapi)}"
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "query" and parameter.get("required")
    ]
    url = f"http://localhost:8080{path}" + (f"?{'&'.join(asked)}" if asked else "")
    url = url.replace(" ", "%20").replace("#", "%23")
    if method == "get":
        return f"curl '{url}'"
    example = _example(_json_schema(operation.get("requestBody")) or {}, openapi)
    return f"curl '{url}' -H 'Content-Type: application/json' -d '{json.dumps(example)}'"


def _example(schema: Mapping[str, Any], openapi: Mapping[str, Any]) -> Any:
    """The first example of a schema, or one made from the examples of its properties."""
    resolved = _resolve(schema, openapi)
    if resolved.get("examples"):
        return resolved["examples"][0]
    if resolved.get("type") == "array":
        return _example(resolved["items"], openapi)
    fields = {name: _example(field, openapi) for name, field in resolved.get("properties", {}).items()}
    made = {name: value for name, value in fields.items() if value is not None}
    return made or ("acme/#" if resolved.get("type") == "string" else None)


def _resolve(schema: Mapping[str, Any], openapi: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    if reference is None or not openapi:
        return schema
    found: Mapping[str, Any] = openapi["components"]["schemas"][reference.rpartition("/")[2]]
    return found


def _json_schema(holder: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    content = (holder or {}).get("content", {}).get("application/json", {})
    schema: Mapping[str, Any] | None = content.get("schema")
    return schema


def _type(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_type(option) for option in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(str(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    name = str(schema.get("type") or schema.get("$ref", "any").rpartition("/")[2])
    return name.removesuffix("Model")


def _prose(text: str) -> str:
    return f'<p class="says">{_marked(text)}</p>' if text else ""


def _marked(text: str) -> str:
    """Text with `code` set as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
