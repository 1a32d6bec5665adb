"""`uns pub`: publish a value through the same door as everybody."""

import json
from typing import Annotated, Any

import typer

from uns.app.cli.options import DEFAULT_SERVER, CaOption, OutputOption, ServerOption, TopicArgument, UserOption
from uns.app.cli.output import Output, chosen, print_csv, print_json, print_lines
from uns.app.cli.text import finding_lines


def pub(
    topic: TopicArgument,
    value: Annotated[str, typer.Argument(help="A JSON value; anything else is sent as a string.")],
    text: Annotated[
        bool, typer.Option("--string", help="Send the value as a string even if it looks like JSON.")
    ] = False,
    raw: Annotated[bool, typer.Option("--raw", help="Send the text as the payload itself, not as a value.")] = False,
    qos: Annotated[int, typer.Option("--qos", min=0, max=2, help="Quality of service.")] = 0,
    retain: Annotated[
        bool | None, typer.Option("--retain/--no-retain", help="Keep as the current value.", show_default="as declared")
    ] = None,
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    output: OutputOption = None,
) -> None:
    """Publish a value through the same door as everybody.

    A writable topic that a device feeds is written to the device, whose answer becomes the value. A message that is not
    delivered gives the reason, and exit code 3 (denied) or 5 (invalid).
    """
    from uns.app.cli.client import Client

    body: dict[str, Any] = {"topic": topic, "qos": qos}
    if raw:
        body["payload_text"] = value
    else:
        body["value"] = value if text else _parsed(value)
    if retain is not None:
        body["retain"] = retain
    with Client(server, user, ca) as client:
        verdict = client.post("publish", body)
    finding = verdict["finding"]
    match chosen(output):
        case Output.JSON:
            print_json(verdict)
        case Output.CSV:
            print_csv(["topic", "outcome", "finding"], [[topic, verdict["outcome"], finding and finding["id"]]])
        case Output.TABLE:
            typer.echo(f"{verdict['outcome']} {topic}" + (f"  {finding['id']}" if finding else ""))
            if finding:
                print_lines(finding_lines(finding, topic=topic))


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
