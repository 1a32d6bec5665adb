"""`uns get`: one topic with contract, owner, source and publisher."""

from tests.support.command import uns
from tests.support.until import until

TOPIC = "acme/ghent/packaging/line1/filler/temperature"


def test_everything_about_a_topic(demo_server):
    result = uns("get", TOPIC, "-o", "table", env=demo_server.env)
    assert result.code == 0
    first, value, *facts = result.lines
    assert first == TOPIC
    assert " Cel  " in value
    told = {line.split()[0]: line for line in facts if line.strip()}
    assert "number in Cel, -10 to 120" in told["contract"]
    assert "filler@2" in told["model"]
    assert "packaging-team" in told["owner"]
    assert "line1 (opcua, running) opc.tcp://" in told["source"]
    assert "ns=2;s=line1.filler.temperature" in told["address"]
    assert "acme:ghent:packaging/line1/filler temperature" in told["sparkplug"]
    assert "sparkplug-host" in told["publisher"]


def test_json_is_the_answer_of_the_api(demo_server):
    detail = uns("get", TOPIC, "-o", "json", env=demo_server.env).json
    assert detail["topic"] == TOPIC
    assert detail["attribute"]["unit"] == "Cel"
    assert detail["source"]["name"] == "line1"


def test_a_level_without_value_says_where_values_are(demo_server):
    result = uns("get", "acme/ghent", "-o", "table", env=demo_server.env)
    assert result.code == 0
    assert "uns tree acme/ghent" in result.out


def test_a_typo_is_exit_code_4_with_the_topic_that_was_meant(demo_server):
    result = uns("get", TOPIC.replace("temperature", "temprature"), env=demo_server.env)
    assert (result.code, result.out) == (4, "")
    assert result.err.startswith("error unknown.topic: ")
    assert f"Did you mean '{TOPIC}'?" in result.err


def test_no_topic_name_is_exit_code_5(demo_server):
    assert uns("get", "acme/#", env=demo_server.env).code == 5


def test_a_value_past_its_max_age_is_uncertain_and_stale(server, users):
    topic, env = "works/kept/mixer/pressure", server.env | users.env("ada")
    assert uns("pub", topic, "2.5", env=env).code == 0

    def stale_line():
        return next((line for line in uns("get", topic, "-o", "table", env=env).lines if "stale" in line), "")

    assert until(stale_line, "the value is past its max_age").startswith("  2.5 bar  Uncertain  stale  ")


def test_what_was_refused_last_is_told_with_its_cure(server, users):
    env = server.env | users.env("ada")
    topic = "works/strict/mixer/temperature"
    assert uns("pub", topic, "900", env=env).code == 5
    shown = uns("get", topic, "-o", "table", env=env).out
    assert "refused" in shown
    assert "payload.range" in shown
    assert "900 Cel, above its maximum of 150 Cel (at /value)." in shown


def test_a_declared_topic_never_seen_shows_its_contract(server, users):
    shown = uns("get", "works/watched/mixer/speed/setpoint", "-o", "table", env=server.env | users.env("ben"))
    assert shown.code == 0
    assert shown.lines[1] == "  no data yet"
    assert "  contract   number in 1/min, 0 to 300, writable" in shown.lines
