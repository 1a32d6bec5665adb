"""`uns violations`: groups, what is decided about them, replay and blocks."""

import pytest

from tests.support.command import uns, uns_at_terminal
from tests.support.until import until

TOPIC = "works/kept/mixer/temperature"
OTHER = "works/kept/mixer/colour"
TABLE = ("-o", "table")


@pytest.fixture(scope="module")
def env(server, users):
    """As the steward; ada was refused twice for a value, and once for a topic."""
    for topic, value in ((TOPIC, "four"), (TOPIC, "five"), (OTHER, "red")):
        assert uns("pub", topic, value, env=server.env | users.env("ada")).code == 5
    env = server.env | users.env("dot")
    until(lambda: uns("violations", "list", "--topic", OTHER, env=env).json["violations"], "they are stored")
    return env


def group_of(env, topic):
    (group,) = uns("violations", "--topic", topic, "--state", "all", env=env).json["groups"]
    return group


def test_the_table_has_a_row_for_each_group(env):
    shown = uns("violations", *TABLE, env=env)
    assert shown.code == 0
    header, *rows = shown.lines
    assert header.split() == ["id", "last", "count", "held", "finding", "client"]
    number = next(index for index, row in enumerate(rows) if "payload.type" in row)
    assert rows[number].endswith("http:ada")
    assert rows[number + 1] == f"    {TOPIC}"
    assert "uns violations show ID" in rows[-1]


@pytest.mark.parametrize("columns", [80, 160])
def test_everything_fits_the_terminal(env, columns):
    plain = env | {"NO_COLOR": "1"}
    number = str(group_of(env, TOPIC)["id"])
    for command in ((), ("show", number), ("list",), ("replay", "--topic", "#")):
        shown = uns_at_terminal("violations", *command, columns=columns, env=plain)
        assert shown.code == (5 if "replay" in command else 0)
        assert max(map(len, shown.lines)) <= columns, command


def test_csv_and_filters(env):
    header, *rows = uns("violations", "--finding", "topic", "--branch", "works/kept", "-o", "csv", env=env).lines
    assert header == "id,state,count,held,first,last,finding,rule,branch,client_id,assigned,what"
    assert len(rows) == 1
    assert "Nothing like that" in uns("violations", "--client", "nobody", *TABLE, env=env).out


def test_one_group_with_what_was_done(env):
    number = str(group_of(env, TOPIC)["id"])
    assert uns("violations", "assign", number, "bob", env=env).out == f"#{number} is open, assigned to bob\n"
    assert uns("violations", "resolve", number, "--note", "fixed", env=env).out.startswith(f"#{number} is resolved")
    assert uns("violations", "reopen", number, env=env).code == 0
    head, topic, *lines = uns("violations", "show", number, *TABLE, env=env).lines
    assert head == f"#{number}  payload.type  open, assigned to bob"
    assert topic == f"  {TOPIC}"
    text = "\n".join(lines)
    assert '{"value":"five"' in text
    assert "resolve by dot: fixed" in text
    assert "  1. relax: mixer@2 (after mixer@1): 'temperature' becomes of type string" in text
    assert "assign by dot: to bob" in text


def test_mute_for_a_while(env):
    number = str(group_of(env, OTHER)["id"])
    muted = uns("violations", "mute", number, "--for", "8h", "--note", "known", env=env)
    assert muted.out.startswith(f"#{number} is muted until 20")
    assert uns("violations", "list", "--topic", OTHER, env=env).json["violations"] == []
    assert OTHER not in str(uns("violations", env=env).json)
    assert uns("violations", "list", "--group", number, env=env).json["violations"]
    assert uns("violations", "unmute", number, env=env).out == f"#{number} is open\n"
    assert uns("violations", "mute", number, "--for", "soon", env=env).code == 2


def test_replay_of_what_is_still_wrong_says_why(env):
    number = str(group_of(env, TOPIC)["id"])
    for option in ((), ("--dry-run",)):
        shown = uns("violations", "replay", number, *option, *TABLE, env=env)
        assert shown.code == 5
        assert "refused again, and stay in quarantine" in shown.out
        assert f"  {TOPIC}" in shown.lines
    assert "Quarantine holds nothing" in uns("violations", "replay", "--client", "nobody", *TABLE, env=env).out
    assert uns("violations", "replay", env=env).code == 2


def test_block_and_unblock(env):
    made = uns("violations", "block", "--client", "rogue", "--reason", "floods", env=env)
    assert made.lines[0] == "Blocked client rogue; 0 connections closed."
    number = made.lines[1].rpartition(" ")[2]
    assert "floods" in uns("violations", "blocks", *TABLE, env=env).out
    assert uns("violations", "unblock", number, env=env).out == "No longer blocked: client rogue\n"
    assert uns("violations", "unblock", number, env=env).code == 4
    assert "Nobody is blocked" in uns("violations", "blocks", *TABLE, env=env).out
    assert uns("violations", "block", env=env).code == 2


@pytest.mark.parametrize(
    "command", [("resolve", "1"), ("replay", "--topic", "#"), ("block", "--client", "x"), ("mute", "1")]
)
def test_who_may_not_govern_is_denied(server, users, command):
    refused = uns("violations", *command, env=server.env | users.env("ada"))
    assert refused.code == 3
    assert "access.govern" in refused.err
