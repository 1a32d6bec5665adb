"""`uns coverage`: what is missing, late or extra, of a real server."""

import pytest

from tests.support.command import uns, uns_at_terminal

FILLER = "acme/ghent/packaging/line1/filler"


def test_the_demo_is_complete(demo_server):
    result = uns("coverage", "--strict", "-o", "table", env=demo_server.env)
    header, acme, total, *_ = result.lines
    assert header.split() == ["branch", "assets", "seen", "missing", "late", "unit", "extra", "refused"]
    assert acme.split()[0] == "acme"
    assert total.startswith("total of all")
    assert result.code == 0


def test_one_asset_by_its_name(demo_server):
    lines = uns("coverage", FILLER, "-o", "table", env=demo_server.env).lines
    assert lines[1].split()[:2] == [FILLER, "1"]
    assert "Units not compared" in lines[-1], "our own sources repeat the unit of the model"


def test_every_asset_as_csv(demo_server):
    header, *rows = uns("coverage", "--assets", "-o", "csv", env=demo_server.env).lines
    assert header.split(",")[:3] == ["path", "model", "assets"]
    assert any(row.startswith(f"{FILLER},filler@") for row in rows)


def test_rows_do_not_wrap_at_80_columns(demo_server):
    result = uns_at_terminal("coverage", "--assets", columns=80, env=demo_server.env | {"NO_COLOR": "1"})
    assert max(map(len, result.lines)) <= 80
    assert any(line.split()[0].endswith("/line1/filler") for line in result.lines[1:] if line)


@pytest.fixture
def env(server, users):
    return server.env | users.env("ada")


def test_what_is_missing_fails_when_it_is_asked_strictly(env):
    result = uns("coverage", "works/strict", "--strict", "-o", "table", env=env)
    assert result.code == 1
    assert result.lines[1].split()[:2] == ["mixer", "1"]
    assert uns("coverage", "works/strict", "-o", "table", env=env).code == 0


def test_the_asset_lists_what_is_wrong(env):
    uns("pub", "works/watched/mixer/torque", "1", env=env)
    uns("pub", "works/strict/mixer/tempo", "1", env=env)
    shown = uns("coverage", "works/watched/mixer", "-o", "table", env=env).out
    assert "extra       torque: from " in shown
    shown = uns("coverage", "works/strict/mixer", "-o", "table", env=env).out
    assert "missing     " in shown
    assert "refused     tempo: 1 message of " in shown


def test_an_unknown_branch(env):
    result = uns("coverage", "works/strickt", env=env)
    assert result.code == 4
    assert "works/strict" in result.err
