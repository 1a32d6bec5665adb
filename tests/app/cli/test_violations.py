"""`uns violations list`: who broke which rule where, and how to mend it."""

import json

import pytest

from tests.support.command import uns, uns_at_terminal
from tests.support.until import until

TOPIC = "works/kept/mixer/state"


@pytest.fixture(scope="module")
def env(server, users):
    """Three messages refused on one topic."""
    env = server.env | users.env("ada")
    for value in ("one", "two", "three"):
        assert uns("pub", TOPIC, value, env=env).code == 5
    until(lambda: len(uns("violations", "list", "--topic", TOPIC, env=env).json["violations"]) == 3, "they are stored")
    return env


def test_a_block_tells_everything(env):
    shown = uns("violations", "list", "--topic", TOPIC, "--limit", "1", "-o", "table", env=env)
    assert shown.code == 0
    head, topic, what, *more = shown.lines
    assert head.split()[1:3] == ["quarantined", "payload.enum"]
    assert topic == f"  {TOPIC}"
    assert "'three'" in what
    assert any(line.startswith("    from http:ada 127.0.0.1:") and line.endswith("role operator") for line in more)
    assert any(line.startswith('    payload {"value":"three"') for line in more)


def test_newest_first_and_older_ones_by_number(env):
    first = uns("violations", "list", "--topic", TOPIC, "--limit", "2", "-o", "json", env=env).json
    assert [json_value(row) for row in first["violations"]] == ["three", "two"]
    older = uns("violations", "list", "--topic", TOPIC, "--before", str(first["next"]), "-o", "json", env=env).json
    assert [json_value(row) for row in older["violations"]] == ["one"]
    assert (
        f"--before {first['next']}"
        in uns("violations", "list", "--topic", TOPIC, "--limit", "2", "-o", "table", env=env).out
    )


def json_value(row):
    return json.loads(row["payload"])["value"]


def test_filters(env):
    for arguments, found in (
        (("--finding", "payload.enum", "--topic", TOPIC), 3),
        (("--finding", "payload", "--topic", "works/kept/#", "--client", "http:ada"), 3),
        (("--finding", "access", "--topic", TOPIC), 0),
        (("--client", "nobody"), 0),
    ):
        rows = uns("violations", "list", *arguments, env=env).json["violations"]
        assert sum(row["topic"] == TOPIC for row in rows) == found, arguments
    assert "No violation is like that" in uns("violations", "list", "--client", "nobody", "-o", "table", env=env).out


def test_csv_is_one_row_each(env):
    header, *rows = uns("violations", "list", "--topic", TOPIC, "-o", "csv", env=env).lines
    assert header == "id,time,outcome,client_id,role,topic,finding,what,nearest,payload"
    assert len(rows) == 3


@pytest.mark.parametrize("columns", [80, 160])
def test_it_fits_the_terminal_and_topics_stay_whole(env, columns):
    shown = uns_at_terminal("violations", "list", "--topic", TOPIC, columns=columns, env=env | {"NO_COLOR": "1"})
    assert max(map(len, shown.lines)) <= columns
    assert f"  {TOPIC}" in shown.lines
    coloured = uns_at_terminal("violations", "list", "--topic", TOPIC, columns=columns, env=env)
    assert "\x1b[31mquarantined\x1b[0m" in coloured.out
