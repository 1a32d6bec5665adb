"""`uns learn`: what would have to be declared for what is published, as a diff to look through."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from uns.app.cli.options import DEFAULT_SERVER, CaOption, OutputOption, ServerOption, UserOption
from uns.app.cli.output import Output, chosen, print_csv, print_json, print_lines
from uns.app.counted import counted

DEFAULT_LAST = "24h"
ANSWER_S = 120.0
"""On top of the time that the server listens."""
CSV_COLUMNS = ("model", "attribute", "type", "confidence", "samples", "topics", "evidence")
_LEFT_OUT = {
    "histories_not_read_to_the_end": "history held more than a study reads",
    "live_messages_shed": "live messages came too fast to be looked at",
    "messages_on_topics_without_room": "messages on topics beyond what a study holds",
    "messages_without_room_for_words": "messages whose new words or members had no room",
    "payloads_too_large": "payloads were too large to be looked at",
}


def learn(
    topic_filter: Annotated[str, typer.Argument(metavar="FILTER", help="Topics, for example 'acme/_raw/#'.")],
    last: Annotated[
        str | None, typer.Option("--last", help="Learn from what was recorded in this time.", show_default="24h")
    ] = None,
    listen: Annotated[
        str | None, typer.Option("--for", help="Listen for so long, for example 60s; at most 10m.")
    ] = None,
    at: Annotated[
        str, typer.Option("--at", metavar="PATH", help="Where the fixed beginning of FILTER belongs in the tree.")
    ] = "",
    into: Annotated[
        Path | None,
        typer.Option(
            "--into", metavar="PLANTDIR", help="Write it into this plant directory.", exists=True, file_okay=False
        ),
    ] = None,
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    output: OutputOption = None,
) -> None:
    """Propose equipment and models for what is published, drawn from history, current values and live traffic.

    Prints a diff of the plant files. Nothing is changed on the server; a person looks through it and applies it.
    """
    from uns.app.cli.client import Client
    from uns.fields import parse_duration

    if last is None and listen is None:
        last = DEFAULT_LAST
    try:
        listen_s = parse_duration(listen) / 1000 if listen else 0.0
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--for") from error
    request = {"filter": topic_filter, "last": last, "for": listen, "at": at}
    with Client(server, user, ca, timeout_s=ANSWER_S + listen_s) as client, _progress(topic_filter, listen_s):
        answer = client.post("learn", request)
    if into is not None:
        answer = _write(answer, into)
    _print(answer, into, output)


def _write(answer: dict[str, Any], directory: Path) -> dict[str, Any]:
    """Put what was learned into the files of a directory, which may be others than those of the server."""
    import msgspec

    from uns.app.learn.files import write_proposals
    from uns.app.plant import load_plant
    from uns.app.plant.directory import write_files
    from uns.policy.learn import Learned

    learned = msgspec.convert(answer["learned"], Learned)
    plant = load_plant(directory, os.environ)
    files = plant.files.governed
    proposals = write_proposals(learned, plant, answer["origin"])
    write_files(directory, files, files | {name: text.encode() for name, text in proposals.files.items()})
    written: dict[str, Any] = msgspec.to_builtins(proposals)
    return written


def _print(answer: dict[str, Any], into: Path | None, output: Output | None) -> None:
    match chosen(output):
        case Output.JSON:
            print_json(answer)
        case Output.CSV:
            print_csv(CSV_COLUMNS, _rows(answer["learned"]))
        case Output.TABLE:
            print_lines(_lines(answer, into))


def _rows(learned: dict[str, Any]) -> Iterator[list[Any]]:
    models = [(f"{model['name']}@1", model["attributes"]) for model in learned["models"]]
    versions = [(version["ref"], version["attributes"]) for version in learned["versions"]]
    for ref, attributes in (*models, *versions):
        for each in attributes:
            yield [ref, each["path"], each["keys"]["type"], *(each[name] for name in CSV_COLUMNS[3:])]


def _lines(answer: dict[str, Any], into: Path | None) -> Iterator[str]:
    learned = answer["learned"]
    for change in answer["changes"]:
        yield from change["diff"].splitlines()
        yield ""
    for told in learned["told"]:
        yield f"{told['reason']}: {told['topic']}: {told['what']}"
    if learned["told_more"]:
        yield f"… and {learned['told_more']} more like these."
    for kind, count in learned["left_out"].items():
        yield f"left out: {count} × {_LEFT_OUT.get(kind, kind)}"
    assets = sum(len(model["assets"]) for model in learned["models"])
    versions = learned["versions"]
    more = f", {counted(len(versions), 'new version')} of models that are there" if versions else ""
    yield (
        f"{counted(learned['messages'], 'message')} on {counted(learned['topics'], 'topic')}, "
        f"{learned['declared']} of them declared: "
        f"{counted(len(learned['models']), 'model')} for {counted(assets, 'asset')}{more}."
    )
    if into is not None and answer["changes"]:
        yield f"Written into {into}. Look through it, then: uns check {into}; uns plan {into}; uns apply {into}"
    elif answer["changes"]:
        yield "Nothing is changed. Write it into a plant directory with --into, and look through it there."


@contextmanager
def _progress(topic_filter: str, listen_s: float) -> Iterator[None]:
    """Tell a person at a terminal how long it still takes."""
    if not listen_s or not sys.stderr.isatty():
        yield
        return
    done = threading.Event()

    def tell() -> None:
        until = time.monotonic() + listen_s
        while not done.is_set():
            left = max(0, round(until - time.monotonic()))
            typer.echo(f"\rListening on {topic_filter}: {left} s left  ", err=True, nl=False)
            done.wait(1)

    teller = threading.Thread(target=tell, name="progress", daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()
        typer.echo("\r\x1b[K", err=True, nl=False)
