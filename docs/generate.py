"""How does docs/reference stay true? Its pages are written from the declarations in the code: `make reference`.

The plant page is prose with samples: the text between `<!-- sample PATH -->` and `<!-- end -->` is that file.
"""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer.main
import yaml
from fastapi import APIRouter, FastAPI

from docs import conformance, sparkplug
from uns import __version__
from uns.api.app import BASE, DESCRIPTION, RESOURCES
from uns.api.errors import STATUS
from uns.api.routes import docs, health, metrics
from uns.app.cli.main import app
from uns.app.settings import reference as settings_page
from uns.broker import sys_topics as reported
from uns.errors import ANSWERS
from uns.policy.catalog import CATALOG

HERE = Path(__file__).parent
ROOT = HERE.parent
REFERENCE = HERE / "reference"
NOTE = "<!-- Written by docs/generate.py from the code: change it there, then `make reference`. -->\n\n"

MEMBER = ["member", "type", "meaning"]
_SAMPLE = re.compile(r"(<!-- sample (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def settings() -> str:
    return NOTE + settings_page()


# --- findings ---------------------------------------------------------------------------------------------------------


def all_findings() -> dict[str, str]:
    """Every finding id of the product with its meaning, sorted."""
    others: dict[str, str] = yaml.safe_load((HERE / "findings.yaml").read_text(encoding="utf-8"))
    return dict(sorted((CATALOG | others).items()))


def findings() -> str:
    by_family: dict[str, list[tuple[str, str]]] = {}
    for name, meaning in all_findings().items():
        by_family.setdefault(name.partition(".")[0], []).append((name, meaning))
    lines = [
        "# Findings",
        "",
        "Everything that is refused or wrong has a stable id, `family.name`. The family decides the answer everywhere:",
        "",
        *_table(["family", "MQTT 5 reason", "HTTP status", "exit code of `uns`"], _answers()),
        "",
        f"HTTP has a more exact status for a few: {', '.join(f'`{name}` {code}' for name, code in STATUS.items())}.",
        "A finding has the members `id`, `what`, `where`, `hint` and `nearest`. A violation, a notice, an API error",
        "and a line of `uns check` each carry one.",
    ]
    for family, entries in by_family.items():
        lines += ["", f"## {family}", "", *_table(["id", "meaning"], [(f"`{name}`", text) for name, text in entries])]
    return NOTE + "\n".join(lines) + "\n"


def _answers() -> Iterator[tuple[str, ...]]:
    for family, answer in ANSWERS.items():
        yield f"`{family}`", f"0x{answer.mqtt_reason:02X}", str(answer.http_status), str(answer.exit_code)


# --- command line -----------------------------------------------------------------------------------------------------


def cli() -> str:
    lines = [
        "# Command line",
        "",
        "`uns` and `uns-platform` are one command. It prints tables on a terminal and JSON on a pipe; `-o json` and",
        "`-o csv` ask for one of them.",
        "",
        "Exit codes: 0 ok · 1 failed · 2 usage · 3 denied · 4 not found · 5 invalid · 6 unreachable.",
        "",
        "With `--user NAME` the password comes from `UNS_PASSWORD`, or from the file that `UNS_PASSWORD_FILE` names.",
        "To a server that demands certificates, the PEM file that `UNS_CERTIFICATE` names is shown, key included.",
    ]
    for name, command in _commands("uns", typer.main.get_command(app)):
        lines += ["", f"## {name}", "", f"{_sentence(command.help)}", "", f"    {_usage(name, command)}"]
        rows = [_parameter(parameter) for parameter in command.params if "--help" not in parameter.opts]
        if rows:
            lines += ["", *_table(["", "environment", "default", "meaning"], rows)]
    return NOTE + "\n".join(lines) + "\n"


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    for inner_name, inner in command.commands.items():
        if hasattr(inner, "commands"):
            yield from _commands(f"{name} {inner_name}", inner)
        else:
            yield f"{name} {inner_name}", inner


def _usage(name: str, command: Any) -> str:
    arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    words = [_metavar(argument) if argument.required else f"[{_metavar(argument)}]" for argument in arguments]
    return " ".join([name, *words, "[OPTIONS]"])


def _parameter(parameter: Any) -> tuple[str, ...]:
    if parameter.param_type_name == "argument":
        shown, default = f"`{_metavar(parameter)}`", "" if parameter.required else "optional"
    else:
        shown = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
        default = _default(parameter)
    return shown, f"`{parameter.envvar}`" if parameter.envvar else "", default, _sentence(parameter.help)


def _metavar(argument: Any) -> str:
    return str(argument.metavar or argument.name).upper().removeprefix("TOPIC_")


def _default(option: Any) -> str:
    if isinstance(option.show_default, str):
        return option.show_default
    if option.default in (None, False, ""):
        return ""
    return f"`{option.default}`"


def _sentence(text: str | None) -> str:
    return " ".join((text or "").split())


# --- HTTP -------------------------------------------------------------------------------------------------------------


def openapi() -> dict[str, Any]:
    """The OpenAPI document of the routes, without a running server."""
    described = FastAPI(title="uns-platform", version=__version__, description=DESCRIPTION)
    api = APIRouter(prefix=BASE)
    for resource in RESOURCES:
        api.include_router(resource.router)
    described.include_router(api)
    for root in (health, metrics, docs):
        described.include_router(root.router)
    return described.openapi()


def http_api() -> str:
    document = openapi()
    shown: set[str] = set()
    lines = [
        "# HTTP API",
        "",
        _sentence(document["info"]["description"]),
        "",
        "A running server describes itself at `/docs` and `/openapi.json`. Credentials are HTTP Basic, of a user in",
        "`access.yaml`; `/livez` and `/readyz` need none.",
    ]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            lines += ["", f"## {method.upper()} {path}", "", operation.get("summary", "")]
            if operation.get("description"):
                lines += ["", operation["description"].strip()]
            parameters = [_query(parameter) for parameter in operation.get("parameters", [])]
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            lines += _section("", ["parameter", "type", "default", "meaning"], parameters)
            lines += _section("Body:", MEMBER, _members(body, document))
            lines += _section("Answer:", MEMBER, _members(_answer(operation), document))
            shown |= {_name(body), _name(_answer(operation))}
    lines += ["", "## Shapes", "", "What stands within the answers above."]
    for name, schema in sorted(document["components"]["schemas"].items()):
        if name not in shown and "properties" in schema and "Validation" not in name:
            lines += ["", f"### {name.removesuffix('Model')}", "", _sentence(schema.get("description"))]
            lines += _section("", MEMBER, _members(schema, document))
    return NOTE + "\n".join(lines) + "\n"


def _name(schema: dict[str, Any] | None) -> str:
    return str((schema or {}).get("$ref", "")).rpartition("/")[2]


def _section(title: str, heads: list[str], rows: list[tuple[str, ...]]) -> list[str]:
    if not rows:
        return []
    return ["", *([title, ""] if title else []), *_table(heads, rows)]


def _query(parameter: dict[str, Any]) -> tuple[str, ...]:
    schema = parameter["schema"]
    default = "needed" if parameter.get("required") else _shown(schema.get("default"))
    return f"`{parameter['name']}`", _type(schema), default, _sentence(parameter.get("description"))


def _answer(operation: dict[str, Any]) -> dict[str, Any] | None:
    content = operation["responses"].get("200", {}).get("content", {})
    schema: dict[str, Any] | None = content.get("application/json", {}).get("schema")
    return schema


def _members(schema: dict[str, Any] | None, document: dict[str, Any]) -> list[tuple[str, ...]]:
    if not schema:
        return []
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    properties: dict[str, dict[str, Any]] = schema.get("properties", {})
    return [(f"`{name}`", _type(field), _sentence(field.get("description"))) for name, field in properties.items()]


def _type(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_type(option) for option in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("type") or schema.get("$ref", "any").rpartition("/")[2].removesuffix("Model"))


def _shown(value: Any) -> str:
    return "" if value in (None, "") else f"`{value}`"


# --- $SYS topics ------------------------------------------------------------------------------------------------------


def sys_topics() -> str:
    windows = ", ".join(f"`{minutes}min`" for minutes in reported.LOAD_MINUTES)
    lines = [
        "# `$SYS` topics",
        "",
        "How the broker is doing, with the names, units and texts of mosquitto. All are retained; each interval of",
        "`mqtt.sys_interval_s` seconds those are sent that have changed. A role reads them with `$SYS/#` in its",
        "`subscribe` list in `access.yaml`.",
        f"A load is an average over 1, 5 and 15 minutes, on a topic for each: {windows} below its name.",
        "",
        "Messages that the server's own parts publish (sources, HTTP API, projection of Sparkplug) count as messages",
        "received, and not as bytes: they come over no connection of MQTT.",
        "",
        *_table(["topic", "meaning"], [(_sys_topic(name), text) for name, text in reported.MEANINGS.items()]),
    ]
    return NOTE + "\n".join(lines) + "\n"


def _sys_topic(name: str) -> str:
    return f"`{reported.PREFIX}{name}{'/+' if name.startswith('load/') else ''}`"


# --- plant directory --------------------------------------------------------------------------------------------------


def plant() -> str:
    return _SAMPLE.sub(_filled, (REFERENCE / "plant.md").read_text(encoding="utf-8"))


def _filled(match: re.Match[str]) -> str:
    content = (ROOT / match[2]).read_text(encoding="utf-8").rstrip("\n")
    return f"{match[1]}```yaml\n{content}\n```\n{match[3]}"


# ----------------------------------------------------------------------------------------------------------------------


def _table(heads: list[str], rows: Any) -> list[str]:
    body = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads), *body]


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings,
    "findings.md": findings,
    "cli.md": cli,
    "http-api.md": http_api,
    "plant.md": plant,
    "sys-topics.md": sys_topics,
    "mqtt-conformance.md": lambda: NOTE + conformance.page(),
    "sparkplug-conformance.md": lambda: NOTE + sparkplug.page(),
}


def main() -> None:
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), encoding="utf-8")
        sys.stdout.write(f"docs/reference/{name}\n")


if __name__ == "__main__":
    main()
