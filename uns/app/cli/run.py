"""Commands that run something: demo, init, serve, simulate, health, adapter new."""

from pathlib import Path
from typing import Annotated

import typer

from uns.app.cli.options import (
    DEFAULT_SERVER,
    CaOption,
    DataOption,
    HttpPortOption,
    MqttPortOption,
    OutputOption,
    PlantArgument,
    ServerOption,
    UserOption,
)
from uns.app.cli.output import Output, chosen, print_csv, print_json, print_lines
from uns.app.cli.text import finding_lines

UNHEALTHY = 1


def demo(mqtt_port: MqttPortOption = None, http_port: HttpPortOption = None, data: DataOption = None) -> None:
    """Run a simulated bottling plant and the server connected to it.

    Data go to ./.uns-data, unless --data names another directory.
    """
    from uns.app.demo import demo as run_demo

    run_demo(mqtt_port, http_port, data)


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty directory.")],
    output: OutputOption = None,
) -> None:
    """Write a small plant directory to start from."""
    from uns.app.init import init_plant

    paths = [str(path) for path in init_plant(directory)]
    match chosen(output):
        case Output.JSON:
            print_json({"directory": str(directory), "files": paths})
        case Output.CSV:
            print_csv(["file"], [[path] for path in paths])
        case Output.TABLE:
            print_lines(["Written:", *(f"  {path}" for path in paths), ""])
            typer.echo(f"Validate it with: uns check {directory}\nRun it with:      uns serve {directory}")


def serve(
    directory: PlantArgument,
    mqtt_port: MqttPortOption = None,
    http_port: HttpPortOption = None,
    data: DataOption = None,
) -> None:
    """Run the server of a plant directory."""
    from uns.app.listeners import Addresses
    from uns.app.run import environment, load_valid_plant, run

    plant = load_valid_plant(directory, environment(mqtt_port, http_port))

    def on_ready(addresses: Addresses) -> None:
        typer.echo(f"Ready: page {', '.join(addresses.pages)}, MQTT {addresses.mqtt}. Ctrl-C stops.")

    run(plant, data or plant.data_directory, on_ready)
    typer.echo("Stopped.")


def simulate(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    opcua_port: Annotated[
        int, typer.Option(envvar="OPCUA_PORT", min=0, max=65535, help="Port of the OPC UA server; 0 takes a free one.")
    ] = 4840,
    modbus_port: Annotated[
        int, typer.Option(envvar="MODBUS_PORT", min=0, max=65535, help="Port of the Modbus TCP server; 0 as above.")
    ] = 5020,
    seed: Annotated[int, typer.Option(help="The same seed makes the same plant.")] = 1,
) -> None:
    """Run the simulated bottling plant alone.

    It is an OPC UA server and a Modbus TCP server, with values that move as those of two packaging lines.
    """
    from uns.simulator.run import run

    run(host, opcua_port, modbus_port, seed=seed, on_ready=lambda ready: typer.echo(f"{ready} - Ctrl-C stops."))


def health(
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    output: OutputOption = None,
) -> None:
    """Ask a server whether it is ready.

    Exit code 1 when it is not, 6 when nothing answers.
    """
    from uns.app.cli.client import Client

    with Client(server, user, ca) as client:
        ready, document = client.health()
    checks = document["checks"]
    match chosen(output):
        case Output.JSON:
            print_json(document)
        case Output.CSV:
            print_csv(
                ["part", "status", "finding"],
                [
                    [name, check["status"], check["finding"] and check["finding"]["id"]]
                    for name, check in checks.items()
                ],
            )
        case Output.TABLE:
            typer.echo("ready" if ready else "not ready")
            for name, check in checks.items():
                typer.echo(f"  {name:<12}{check['status']}")
                if check["finding"]:
                    print_lines(finding_lines(check["finding"], "    "))
    if not ready:
        raise typer.Exit(UNHEALTHY)


def adapter_new(
    name: Annotated[str, typer.Argument(help="Name of the adapter: letters and digits, for example 'mtconnect'.")],
    directory: Annotated[Path, typer.Option("--into", help="Where to write it.", file_okay=False)] = Path("adapters"),
) -> None:
    """Write the skeleton of a new adapter: code, sample, README and test."""
    from importlib.metadata import entry_points

    (scaffold,) = entry_points(group="uns.scaffolds", name="adapter")
    typer.echo(scaffold.load()(name, directory))
