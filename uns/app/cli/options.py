"""Which options do several commands share?"""

from pathlib import Path
from typing import Annotated

import typer

from uns.app.cli.output import Output

DEFAULT_SERVER = "http://127.0.0.1:8080"

ServerOption = Annotated[
    str, typer.Option("--server", envvar="UNS_SERVER", help="Address of the server.", show_default=True)
]
UserOption = Annotated[
    str | None,
    typer.Option(
        "--user", envvar="UNS_USER", help="User name; the password comes from UNS_PASSWORD or UNS_PASSWORD_FILE."
    ),
]
CaOption = Annotated[
    Path | None,
    typer.Option(
        "--ca",
        envvar="UNS_CA",
        metavar="FILE",
        help="PEM file of the authority to trust for an https server.",
        show_default="the public authorities",
    ),
]
OutputOption = Annotated[
    Output | None,
    typer.Option("-o", "--output", help="table, json or csv.", show_default="table on a terminal, json on a pipe"),
]
TopicArgument = Annotated[str, typer.Argument(help="A topic, for example acme/ghent/packaging/line1/filler/state.")]
PlantArgument = Annotated[
    Path, typer.Argument(metavar="PLANTDIR", help="A plant directory.", exists=True, file_okay=False)
]
MqttPortOption = Annotated[
    int | None,
    typer.Option(
        "--mqtt-port",
        min=0,
        max=65535,
        help="Port of the broker; 0 takes a free one.",
        show_default="of uns.yaml, 1883",
    ),
]
HttpPortOption = Annotated[
    int | None,
    typer.Option(
        "--http-port",
        min=0,
        max=65535,
        help="Port of the page and the API; 0 takes a free one.",
        show_default="of uns.yaml, 8080",
    ),
]
DataOption = Annotated[
    Path | None, typer.Option("--data", help="Directory for history, violations and sessions.", file_okay=False)
]
