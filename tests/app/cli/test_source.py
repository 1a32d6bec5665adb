"""`uns source list`: the connected devices, and why one of them is not."""

from tests.support.command import uns, uns_at_terminal
from tests.support.until import until


def test_running_sources(demo_server):
    result = uns("source", "list", "-o", "table", env=demo_server.env)
    assert result.code == 0
    header, *rows = result.lines
    assert header.split() == ["source", "adapter", "state", "for", "points", "values/s", "endpoint"]
    assert [row.split()[:3] for row in rows] == [
        ["energy", "modbus", "running"],
        ["line1", "opcua", "running"],
        ["line2", "opcua", "running"],
    ]
    assert "73/73" in rows[0]


def test_a_device_that_is_not_there_has_its_cause_below(server, users):
    env = server.env | users.env("ben")
    shown = until(
        lambda: "source.unreachable" in (text := uns("source", "list", "-o", "table", env=env).out) and text,
        "the source has failed once",
    )
    lines = shown.splitlines()
    assert lines[1].split()[:2] == ["lost", "modbus"]
    assert lines[2:4] == ["", "lost: source.unreachable"]
    assert "Check the address" in shown


def test_rows_do_not_wrap_at_80_columns(demo_server):
    result = uns_at_terminal("source", "list", columns=80, env=demo_server.env)
    assert len(result.lines) == 4
    assert max(map(len, result.lines)) <= 80


def test_json_and_csv(demo_server):
    names = [source["name"] for source in uns("source", "list", env=demo_server.env).json["sources"]]
    assert names == ["energy", "line1", "line2"]
    header, *rows = uns("source", "list", "-o", "csv", env=demo_server.env).lines
    assert header.split(",")[:3] == ["name", "adapter", "state"]
    assert [row.split(",")[0] for row in rows] == names
