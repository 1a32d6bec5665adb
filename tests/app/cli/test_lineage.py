"""`uns lineage`: from the device to the subscribers, of a real server."""

from tests.support.command import uns, uns_at_terminal

FILLER = "acme/ghent/packaging/line1/filler"


def test_from_the_device_to_history(demo_server):
    lines = uns("lineage", f"{FILLER}/temperature", "-o", "table", env=demo_server.env).lines
    facts = {line[2:15].strip(): line[15:] for line in lines[1:]}
    assert lines[0] == f"{FILLER}/temperature"
    assert facts["source"].startswith("line1 (opcua, running) at sources/line1.yaml:")
    assert facts["endpoint"].startswith("opc.tcp://127.0.0.1:")
    assert "filler.temperature" in facts["address"]
    assert facts["sparkplug"] == "acme:ghent:packaging/line1/filler temperature"
    assert facts["contract"].startswith("filler@")
    assert " at models/filler" in facts["contract"]
    assert facts["declared"].startswith(f"{FILLER} at namespace.yaml:")
    assert "messages/s, over the last" in facts["rate"]
    assert facts["history"].startswith("recorded by acme/#, kept 30 days")
    assert facts["publisher"].startswith("sparkplug-host ")
    assert "history by acme/# (of this server)" in facts["subscriber"]


def test_lines_fit_at_80_columns(demo_server):
    result = uns_at_terminal("lineage", f"{FILLER}/temperature", columns=80, env=demo_server.env)
    assert max(map(len, result.lines)) <= 80


def test_csv_is_a_fact_a_line(demo_server):
    header, *rows = uns("lineage", f"{FILLER}/temperature", "-o", "csv", env=demo_server.env).lines
    assert header == "what,says"
    assert rows[0].startswith("source,")


def test_the_last_error(server, users):
    env = server.env | users.env("ada")
    uns("pub", "works/strict/mixer/temperature", "900", env=env)
    shown = uns("lineage", "works/strict/mixer/temperature", "-o", "table", env=env).out
    assert "last error   payload.range" in shown
    assert "admitted by  model mixer@1: temperature" in shown


def test_an_unknown_topic(demo_server):
    result = uns("lineage", f"{FILLER}/temprature", env=demo_server.env)
    assert result.code == 4
    assert f"{FILLER}/temperature" in result.err
