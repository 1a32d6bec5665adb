"""`uns explain`: what a topic would get, and every rule that says so."""

from tests.support.command import uns

FILLER = "acme/ghent/packaging/line1/filler"


def test_a_typo(demo_server):
    result = uns("explain", f"{FILLER}/temprature", "-o", "table", env=demo_server.env)
    assert result.code == 0
    assert result.lines[1] == "  a message here would be quarantined: topic.attribute"
    assert f"  Did you mean '{FILLER}/temperature'?" in result.lines
    assert any(line.split()[:2] == ["no", "tree:"] for line in result.lines)


def test_a_right_topic_names_contract_mode_and_publishers(demo_server):
    shown = uns("explain", f"{FILLER}/temperature", "-o", "table", env=demo_server.env).out
    assert "accepted here" in shown
    assert "number in Cel, -10 to 120" in shown
    assert "quarantine (from the default of namespace.yaml)" in shown
    assert "admin, engineer, internal" in shown


def test_a_role_is_judged_too(demo_server):
    result = uns("explain", f"{FILLER}/temperature", "--role", "viewer", "-o", "json", env=demo_server.env)
    assert result.json["verdict"]["outcome"] == "rejected"
    assert result.json["verdict"]["finding"]["id"] == "access.publish"


def test_csv_is_the_rules(demo_server):
    header, *rules = uns("explain", f"{FILLER}/temperature", "-o", "csv", env=demo_server.env).lines
    assert header == "rule,matched,why"
    assert "tree: enterprise acme,true,declared in namespace.yaml." in rules


def test_an_open_branch(demo_server):
    shown = uns("explain", "acme/ghent/_raw/anything/at/all", "-o", "table", env=demo_server.env).out
    assert "accepted here" in shown
    assert "applies     open: acme/+/_raw/#" in shown


def test_no_line_is_wider_than_prose(demo_server):
    result = uns("explain", f"{FILLER}/temprature", "-o", "table", env=demo_server.env)
    assert max(map(len, result.lines)) <= 100
