"""`uns check`: a plant directory is right, or each problem has its file, line and column."""

import shutil

import pytest

from tests.conftest import SMALL_PLANT
from tests.support.command import uns, uns_at_terminal


@pytest.fixture
def plant(tmp_path):
    return shutil.copytree(SMALL_PLANT, tmp_path / "plant")


def replace(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_valid_plant(plant):
    assert uns("check", str(plant)).json == {"valid": True, "problems": []}
    shown = uns("check", str(plant), "-o", "table")
    assert (shown.code, shown.out) == (0, f"{plant} is valid: 1 model, 1 source.\n")


def test_an_invalid_plant_names_file_line_and_column(plant):
    replace(plant / "namespace.yaml", "mode: warn", "mode: wran")
    replace(plant / "models/mixer.v1.yaml", "type: boolean", "type: bolean")
    result = uns("check", str(plant), "-o", "table")
    assert result.code == 5
    assert f"{plant}/namespace.yaml:13:7: error namespace.mode: " in result.out
    assert "  Did you mean 'warn'?" in result.lines
    assert f"{plant}/models/mixer.v1.yaml:10:13: error " in result.out
    assert result.lines[-1] == f"{plant} is not valid: 2 errors, 1 warning."


def test_the_same_as_json_and_csv(plant):
    replace(plant / "namespace.yaml", "mode: warn", "mode: wran")
    result = uns("check", str(plant), "-o", "json")
    assert result.code == 5
    (problem,) = result.json["problems"]
    assert (problem["file"], problem["line"], problem["column"]) == ("namespace.yaml", 13, 7)
    assert (problem["severity"], problem["id"], problem["nearest"]) == ("error", "namespace.mode", "warn")
    header, row = uns("check", str(plant), "-o", "csv").lines
    assert header == "file,line,column,severity,id,what,hint,nearest"
    assert row.startswith("namespace.yaml,13,7,error,namespace.mode,")


def test_a_warning_is_no_error(plant):
    replace(plant / "sources/lost.yaml", "edge: works/strict", "edge: works/elsewhere")
    result = uns("check", str(plant), "-o", "table")
    assert result.code == 0
    assert "sources/lost.yaml:8:5: warning source.undeclared: " in result.out
    assert result.lines[-1] == f"{plant} is valid: 1 warning."


def test_no_directory_is_a_usage_error(tmp_path):
    for command in ("check", "serve"):
        result = uns(command, str(tmp_path / "nowhere"), env={"COLUMNS": "400"})
        assert result.code == 2
        assert "does not exist" in result.err


def test_it_opens_no_connection_and_needs_no_server(plant):
    result = uns_at_terminal("check", str(plant), columns=100, env={"UNS_SERVER": "http://127.0.0.1:1"})
    assert result.code == 0
