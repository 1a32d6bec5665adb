"""Which commands does `uns` have? Heavy modules are imported by the command that needs them, never here."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from uns import __version__
from uns.app.cli import (
    accept,
    aliases,
    assets,
    blocks,
    check,
    coverage,
    edge,
    explain,
    get,
    golden,
    history,
    inbox,
    learn,
    library,
    lineage,
    lint,
    plan,
    pub,
    replay,
    revisions,
    run,
    schema,
    source,
    sparkplug,
    sub,
    tree,
    user,
    violations,
)
from uns.app.cli.command import Command, Group

app = typer.Typer(
    name="uns",
    help="A Unified Namespace: one governed MQTT broker with adapters, history and a browse service.",
    epilog="Exit codes: 0 ok, 1 failed, 2 usage, 3 denied, 4 not found, 5 invalid, 6 unreachable.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
violations_app = typer.Typer(cls=Group, invoke_without_command=True)
source_app = typer.Typer(help="Connected devices and servers.", no_args_is_help=True)
sparkplug_app = typer.Typer(help="Sparkplug edge nodes: their state, births, commands.", no_args_is_help=True)
user_app = typer.Typer(help="Who may log in.", no_args_is_help=True)
assets_app = typer.Typer(help="Equipment as a table, for a spreadsheet.", no_args_is_help=True)
schema_app = typer.Typer(
    help="The models: versions, changes, checks, and a library to start from.", no_args_is_help=True
)
adapter_app = typer.Typer(help="Write an adapter of your own.", no_args_is_help=True)

_PANELS: dict[str, dict[str, Callable[..., Any]]] = {
    "Run": {
        "demo": run.demo,
        "init": run.init,
        "serve": run.serve,
        "edge": edge.edge,
        "simulate": run.simulate,
        "health": run.health,
    },
    "Browse": {
        "tree": tree.tree,
        "get": get.get,
        "sub": sub.sub,
        "pub": pub.pub,
        "history": history.history,
    },
    "Govern": {
        "check": check.check,
        "lint": lint.lint,
        "test": golden.golden,
        "plan": plan.plan,
        "whatif": plan.whatif,
        "apply": plan.apply,
        "drift": revisions.drift,
        "revisions": revisions.revisions,
        "revert": revisions.revert,
        "export": revisions.export,
        "explain": explain.explain,
        "coverage": coverage.coverage,
        "lineage": lineage.lineage,
        "learn": learn.learn,
        "aliases": aliases.aliases,
        "move": aliases.move,
    },
}
_VIOLATIONS: dict[str, Callable[..., Any]] = {
    "list": violations.violations_list,
    "show": inbox.show,
    "accept": accept.accept,
    "replay": replay.replay,
    "assign": inbox.assign,
    "resolve": inbox.resolve,
    "reopen": inbox.reopen,
    "mute": inbox.mute,
    "unmute": inbox.unmute,
    "block": blocks.block,
    "unblock": blocks.unblock,
    "blocks": blocks.blocks,
}
_SPARKPLUG: dict[str, Callable[..., Any]] = {
    "nodes": sparkplug.nodes,
    "show": sparkplug.show,
    "rebirth": sparkplug.rebirth,
    "command": sparkplug.command,
    "record": sparkplug.record,
}
for _panel, _commands in _PANELS.items():
    for _name, _function in _commands.items():
        app.command(_name, cls=Command, rich_help_panel=_panel)(_function)
violations_app.callback(invoke_without_command=True)(inbox.groups)
for _name, _function in _VIOLATIONS.items():
    violations_app.command(_name, cls=Command)(_function)
app.add_typer(violations_app, name="violations", rich_help_panel="Govern")
source_app.command("list", cls=Command)(source.source_list)
app.add_typer(source_app, name="source", rich_help_panel="Govern")
for _name, _function in _SPARKPLUG.items():
    sparkplug_app.command(_name, cls=Command)(_function)
app.add_typer(sparkplug_app, name="sparkplug", rich_help_panel="Govern")
assets_app.command("export", cls=Command)(assets.assets_export)
assets_app.command("import", cls=Command)(assets.assets_import)
app.add_typer(assets_app, name="assets", rich_help_panel="Govern")
schema_app.command("list", cls=Command)(schema.schema_list)
schema_app.command("show", cls=Command)(schema.schema_show)
schema_app.command("diff", cls=Command)(schema.schema_diff)
schema_app.command("check", cls=Command)(schema.schema_check)
schema_app.command("library", cls=Command)(library.library_list)
schema_app.command("add", cls=Command)(library.library_add)
app.add_typer(schema_app, name="schema", rich_help_panel="Govern")
user_app.command("hash", cls=Command)(user.user_hash)
app.add_typer(user_app, name="user", rich_help_panel="Govern")
adapter_app.command("new", cls=Command)(run.adapter_new)
app.add_typer(adapter_app, name="adapter", rich_help_panel="Run")


def _print_version(asked: bool) -> None:
    if asked:
        from uns.broker import is_compiled

        typer.echo(f"uns {__version__}{' (compiled core)' if is_compiled() else ''}")
        raise typer.Exit()


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options of `uns` itself."""


def main() -> None:
    """Run the command that the arguments name."""
    app()
