"""`uns tree`: the namespace with its values, at a terminal and for programs."""

from tests.support.command import uns, uns_at_terminal
from tests.support.until import until

FILLER = "acme/ghent/packaging/line1/filler"


def test_values_with_unit_and_age(demo_server):
    result = uns("tree", FILLER, "-o", "table", env=demo_server.env)
    assert result.code == 0
    temperature = next(line for line in result.lines if line.split()[:1] == ["temperature"] and "Product" in line)
    words = temperature.split()
    assert float(words[1])
    assert words[2] == "Cel"
    assert words[4] in ("s", "min")
    assert "Good" not in result.out


def test_the_model_stands_on_the_asset_only(demo_server):
    result = uns("tree", "acme/ghent/packaging/line1", "-o", "table", env=demo_server.env)
    assert [line.split()[0] for line in result.lines if "filler@2" in line] == ["filler"]


def test_numbers_are_aligned_right(demo_server):
    lines = uns("tree", FILLER, "-o", "table", env=demo_server.env).lines
    end = lines[0].index("value") + len("value")
    for line in lines[2:]:
        assert line[end : end + 2].strip() == "", line


def test_depth_and_paging_give_the_whole_tree(demo_server):
    whole = uns("tree", "acme", "-o", "json", env=demo_server.env).json["nodes"]
    assert sum(node["kind"] == "attribute" for node in whole) > 180
    top = uns("tree", "acme", "-d", "1", "-o", "json", env=demo_server.env).json
    assert top["path"] == "acme"
    assert {node["name"] for node in top["nodes"]} >= {"ghent"}
    assert {node["depth"] for node in top["nodes"]} == {1}


def test_csv_has_values_only(demo_server):
    header, *rows = uns("tree", FILLER, "-o", "csv", env=demo_server.env).lines
    assert header == "path,value,unit,quality,timestamp"
    assert len(rows) == 19
    assert all(row.startswith(FILLER + "/") and row.count(",") == 4 for row in rows)


def test_a_program_on_a_pipe_gets_json(demo_server):
    assert uns("tree", FILLER, env=demo_server.env).json["path"] == FILLER


def test_an_unknown_path_is_exit_code_4_and_says_where_to_look(demo_server):
    result = uns("tree", "acme/gent", env=demo_server.env)
    assert (result.code, result.out) == (4, "")
    assert "unknown.path" in result.err
    assert "uns tree" in result.err


def test_what_is_below_a_topic(demo_server):
    result = uns("tree", f"{FILLER}/temperature", "-o", "table", env=demo_server.env)
    assert result.code == 0
    assert f"uns get {FILLER}/temperature" in result.out


def test_no_line_is_longer_than_the_terminal(demo_server):
    wide = '{"note": "anything goes here, and more of it"}'
    assert uns("pub", "acme/ghent/_raw/scratch", wide, env=demo_server.env).code == 0
    for columns in (80, 160):
        result = uns_at_terminal("tree", "acme/ghent", columns=columns, env=demo_server.env)
        assert result.code == 0
        assert max(map(len, result.lines)) <= columns
    assert "filler@2  Rotary filler, 24 valves, chilled product" in result.out


def test_only_what_is_out_of_the_ordinary_is_told_and_coloured(server, users):
    env = server.env | users.env("ada")
    assert uns("pub", "works/strict/mixer/pressure", "2.5", env=env).code == 0
    until(lambda: "Uncertain" in uns("tree", "works/strict/mixer", env=env).out, "the pressure is past its max_age")
    shown = uns_at_terminal("tree", "works/strict/mixer", columns=100, env=env)
    assert shown.out.count("\x1b[33mUncertain\x1b[0m") == 1
    assert shown.out.count("\x1b[") == 2
    assert "no data" in shown.out
    assert "Good" not in shown.out
    plain = uns_at_terminal("tree", "works/strict/mixer", columns=100, env=env | {"NO_COLOR": "1"})
    assert "\x1b" not in plain.out


def test_a_payload_cannot_steer_the_terminal(server, users):
    env = server.env | users.env("ada")
    assert uns("pub", "works/free/evil", "\x1b]0;owned\x07", "--retain", env=env).code == 0
    for command in (("tree", "works/free"), ("get", "works/free/evil"), ("sub", "works/free/evil", "-n", "1")):
        shown = uns_at_terminal(*command, columns=100, env=env | {"NO_COLOR": "1"})
        assert "\x1b" not in shown.out
        assert "\\x1b]0;owned" in shown.out
