"""`uns sparkplug`: the edge nodes of the demo, and what they are asked."""

from tests.support.command import uns, uns_at_terminal
from tests.support.until import until

NODE = "acme:ghent:packaging/line1"
SETPOINT = "acme/ghent/packaging/line1/filler/speed/setpoint"


def test_the_nodes_are_listed(demo_server):
    result = uns("sparkplug", "nodes", "-o", "table", env=demo_server.env)
    assert result.code == 0
    header, *rows = result.lines
    assert header.split()[:5] == ["node", "state", "for", "devices", "metrics"]
    assert [row.split()[:2] for row in rows] == [
        ["acme:ghent:packaging/line1", "online"],
        ["acme:ghent:packaging/line2", "online"],
        ["acme:ghent:utilities/energy", "online"],
    ]
    assert all(row.split()[-1].startswith("edge:") for row in rows)


def test_rows_do_not_wrap_at_80_columns(demo_server):
    for command in (["nodes"], ["show", NODE]):
        result = uns_at_terminal("sparkplug", *command, columns=80, env=demo_server.env)
        assert max(map(len, result.lines)) <= 80


def test_a_node_is_shown_with_every_metric_and_its_topic(demo_server):
    lines = uns("sparkplug", "show", NODE, "-o", "table", env=demo_server.env).lines
    assert lines[0] == NODE
    assert lines[1].strip().startswith("online for")
    header = next(number for number, line in enumerate(lines) if line.startswith("filler: online for"))
    assert lines[header].endswith("below acme/ghent/packaging/line1/filler")
    assert lines[header + 1].split() == ["metric", "alias", "datatype", "value", "unit", "quality"]
    [row] = [line for line in lines[header:] if line.startswith("bowl/pressure")][:1]
    assert row.split()[2:] == ["Double", row.split()[3], "bar", "Good"]
    shown = uns("sparkplug", "show", NODE, env=demo_server.env).json
    [metric] = [each for each in shown["born"] if (each["device"], each["name"]) == ("filler", "bowl/pressure")]
    assert (metric["unit"], metric["quality"]) == ("bar", "Good")
    header, *rows = uns("sparkplug", "show", NODE, "-o", "csv", env=demo_server.env).lines
    assert header.split(",")[:3] == ["device", "name", "alias"]
    assert len(rows) == len(shown["born"])


def test_a_rebirth_is_answered(demo_server):
    def births():
        return uns("sparkplug", "show", NODE, env=demo_server.env).json["counts"]["NBIRTH"]

    before = births()
    result = uns("sparkplug", "rebirth", NODE, env=demo_server.env)
    assert (result.code, NODE in result.out) == (0, True)
    until(lambda: births() > before, "the node is born again")


def test_a_setpoint_is_written_by_its_metric(demo_server):
    def value():
        return demo_server.get(f"/api/v1/topics/{SETPOINT}")["value"]

    for wanted in (311.0, 400.0):
        command = ("sparkplug", "command", NODE, "speed/setpoint", str(wanted), "-d", "filler")
        result = uns(*command, env=demo_server.env)
        assert result.code == 0, result.err
        assert "DCMD/line1/filler" in result.out
        until(lambda wanted=wanted: value() == wanted, "the device tells the new setpoint")


def test_what_is_wrong_is_told(demo_server):
    unknown = uns("sparkplug", "show", "acme:ghent:packaging/line9", env=demo_server.env)
    assert unknown.code == 4
    assert "unknown.node" in unknown.err
    assert "Did you mean 'acme:ghent:packaging/line" in unknown.err
    assert uns("sparkplug", "show", "line1", env=demo_server.env).code == 2
    typo = uns("sparkplug", "command", NODE, "speed/setpont", "1", "-d", "filler", env=demo_server.env)
    assert (typo.code, "speed/setpoint" in typo.err) == (4, True)
    text = uns("sparkplug", "command", NODE, "speed/setpoint", "fast", "-d", "filler", env=demo_server.env)
    assert (text.code, "sparkplug.datatype" in text.err) == (5, True)
