"""`uns schema`: the models of a server or of a directory: their versions, what changed, and what a new one would do."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uns.app.cli.options import DEFAULT_SERVER, CaOption, OutputOption, ServerOption, UserOption
from uns.app.cli.output import Output, chosen, print_csv, print_json, print_lines
from uns.app.cli.schema_text import Step, model_lines, report_lines, step_lines
from uns.app.cli.terminal import of_stdout
from uns.errors import Finding, UnsError

if TYPE_CHECKING:
    from uns.app.plant import Plant
    from uns.registry import Model

INVALID = 5
LIST_COLUMNS = ("ref", "status", "owner", "compatibility", "assets", "since", "changelog")
CHANGE_COLUMNS = ("old", "new", "level", "path", "what", "old_data", "old_consumers")
DirectoryOption = Annotated[
    Path | None,
    typer.Option(
        "--dir",
        "-d",
        metavar="PLANTDIR",
        help="Read this plant directory instead of asking a server.",
        exists=True,
        file_okay=False,
        show_default=False,
    ),
]
RefArgument = Annotated[str, typer.Argument(metavar="MODEL@VERSION", help="For example filler@2.")]


def schema_list(
    directory: DirectoryOption = None,
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    output: OutputOption = None,
) -> None:
    """List every version of every model, with its status and how many assets use it."""
    rows = _of_directory(directory) if directory else _ask(server, user, ca, "models")["models"]
    match chosen(output):
        case Output.JSON:
            print_json({"models": rows})
        case Output.CSV:
            print_csv(LIST_COLUMNS, ([row[name] for name in LIST_COLUMNS] for row in rows))
        case Output.TABLE:
            print_lines(model_lines(rows, of_stdout()))


def schema_show(
    ref: RefArgument,
    directory: DirectoryOption = None,
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    as_json_schema: Annotated[bool, typer.Option("--json-schema", help="Print the JSON Schema 2020-12 only.")] = False,
) -> None:
    """Print one version: its document as YAML, or its JSON Schema."""
    import yaml

    from uns.registry.written import model_document

    if directory:
        plant = _plant(directory)
        document = model_document(_model(plant, ref))
        json_schema = plant.registry.json_schema(ref) if as_json_schema else None
    else:
        detail = _ask(server, user, ca, f"models/{ref.replace('@', '/', 1)}")
        document, json_schema = detail["document"], detail["json_schema"]
    if as_json_schema:
        print_json(json_schema)
    else:
        typer.echo(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), nl=False)


def schema_diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="MODEL@VERSION, for example filler@1.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="MODEL@VERSION, for example filler@2.")],
    directory: DirectoryOption = None,
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="An attribute more surprises consumers.")] = False,
    output: OutputOption = None,
) -> None:
    """Say what changes between two versions, for data that was valid and for consumers of the old one."""
    from uns.registry.evolution import between

    if directory:
        plant = _plant(directory)
        registry, models = plant.registry, [_model(plant, ref) for ref in (old, new)]
    else:
        registry, models = _fetched(server, user, ca, old, new)
    step = between(registry, models[0], models[1], strict=strict or None)
    changes = [{**_change(change), "level": change.level} for change in step.changes]
    _print_steps([{"old": old, "new": new, "held": True, "changes": changes}], chosen(output))


def schema_check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A model as YAML.", exists=True, dir_okay=False)],
    directory: DirectoryOption = None,
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    last: Annotated[str, typer.Option("--last", help="How far back to look for messages (server only).")] = "1h",
    output: OutputOption = None,
) -> None:
    """Judge a new version: faults, changes against earlier ones, and on a server the recent messages and subscribers.

    Exit code 5 when it may not follow the versions before it.
    """
    from uns.app.plant.yaml_file import read_yaml

    read = read_yaml(file.read_bytes(), str(file), os.environ)
    if read.problems:
        raise UnsError(read.problems[0].finding)
    if directory:
        answer = _judged(_plant(directory), read.data)
    else:
        from uns.app.cli.client import Client

        with Client(server, user, ca) as client:
            answer = client.post("models/check", {"document": read.data, "last": last})
    match chosen(output):
        case Output.JSON:
            print_json(answer)
        case Output.CSV:
            _print_steps(answer["steps"], Output.CSV)
        case Output.TABLE:
            print_lines(report_lines(answer, of_stdout()))
    if not answer["valid"]:
        raise typer.Exit(INVALID)


def _ask(server: str, user: str | None, ca: Path | None, resource: str) -> Any:
    from uns.app.cli.client import Client

    with Client(server, user, ca) as client:
        return client.get(resource)


def _plant(directory: Path) -> "Plant":
    from uns.app.plant import load_plant

    return load_plant(directory, os.environ)


def _model(plant: "Plant", ref: str) -> "Model":
    model = plant.registry.get(ref)
    if model is None:
        finding = plant.registry.reference_finding(ref)
        assert finding is not None
        raise UnsError(Finding(id="unknown.model", what=finding.what, nearest=finding.nearest))
    return model


def _fetched(server: str, user: str | None, ca: Path | None, *refs: str) -> tuple[Any, list["Model"]]:
    """A registry of all that the server runs or ran, for parts, with the models asked for."""
    from uns.app.cli.client import Client
    from uns.registry import Model, Registry, parse_model

    with Client(server, user, ca) as client:
        wanted = dict.fromkeys(refs)
        found: dict[str, Model] = {}
        while wanted:  # the models, then their parts
            ref, _ = wanted.popitem()
            read = parse_model(client.get(f"models/{ref.replace('@', '/', 1)}")["document"])
            if not isinstance(read, Model):
                raise UnsError(read[0])
            found[ref] = read
            wanted |= dict.fromkeys(part for part in read.parts.values() if part not in found)
    return Registry(found.values()), [found[ref] for ref in refs]


def _of_directory(directory: Path) -> list[dict[str, Any]]:
    from uns.policy.model_use import assets_by_model

    plant = _plant(directory)
    assets = assets_by_model(plant.namespace)
    models = sorted(plant.registry.models(), key=lambda model: (model.name, model.version))
    return [
        {
            "ref": model.ref,
            "status": model.status.value,
            "owner": model.owner or None,
            "compatibility": model.compatibility.value,
            "assets": len(assets.get(model.ref, ())),
            "since": None,
            "changelog": model.changelog or None,
        }
        for model in models
    ]


def _judged(plant: "Plant", document: Any) -> dict[str, Any]:
    """The offline half of what `POST /models/check` answers."""
    import msgspec

    from uns.policy.candidate import judge_candidate

    judged = judge_candidate(document, plant.namespace)
    return {
        "ref": judged.ref or None,
        "valid": not judged.findings,
        "findings": [msgspec.structs.asdict(finding) for finding in judged.findings],
        "steps": [
            {
                "old": step.old,
                "new": step.new,
                "held": step.held,
                "changes": [{**_change(change), "level": change.level} for change in step.changes],
            }
            for step in judged.steps
        ],
        "assets": list(dict.fromkeys(place.asset for place in judged.places)),
    }


def _change(change: Any) -> dict[str, Any]:
    return {name: getattr(change, name) for name in ("path", "what", "old_data", "old_consumers")}


def _print_steps(steps: list[Step], output: Output) -> None:
    match output:
        case Output.JSON:
            print_json({"steps": steps})
        case Output.CSV:
            rows = ({**change, "old": step["old"], "new": step["new"]} for step in steps for change in step["changes"])
            print_csv(CHANGE_COLUMNS, ([row[name] for name in CHANGE_COLUMNS] for row in rows))
        case Output.TABLE:
            print_lines(line for step in steps for line in step_lines(step, of_stdout()))
