"""`uns sub`: values as they change, until a count, Ctrl-C, or the reader's end."""

import json
import signal

import pytest

from tests.support.command import uns, uns_process

FILTER = "acme/ghent/packaging/+/filler/#"


def test_json_is_one_object_a_line(demo_server):
    result = uns("sub", FILTER, "-n", "60", "-o", "json", env=demo_server.env)
    assert result.code == 0
    changes = [json.loads(line) for line in result.lines]
    assert len(changes) == 60
    assert all(change["topic"].split("/")[4] == "filler" for change in changes)
    assert changes[0].keys() >= {"topic", "value", "quality", "timestamp"}


def test_lines_for_a_person(demo_server):
    result = uns("sub", "acme/ghent/packaging/line1/filler/state", "-n", "1", "-o", "table", env=demo_server.env)
    moment, topic, value = result.out.split()
    assert moment.endswith("Z")
    assert topic == "acme/ghent/packaging/line1/filler/state"
    assert value.isalpha()


def test_csv_has_a_header(demo_server):
    header, *rows = uns("sub", FILTER, "-n", "3", "-o", "csv", env=demo_server.env).lines
    assert header == "timestamp,topic,value,quality"
    assert [row.count(",") for row in rows] == [3, 3, 3]


def test_a_payload_that_is_no_value_is_shown_as_it_is(server, users):
    env = server.env | users.env("ada")
    assert uns("pub", "works/free/text", "<xml/>", "--raw", "--retain", env=env).code == 0
    assert uns("sub", "works/free/text", "-n", "1", "-o", "table", env=env).out.endswith("works/free/text  <xml/>\n")


def test_no_filter_is_exit_code_5(demo_server):
    result = uns("sub", "acme/#/x", env=demo_server.env)
    assert result.code == 5
    assert "request.filter" in result.err


def test_a_filter_beyond_the_role_is_exit_code_3(server, users):
    result = uns("sub", "$uns/#", env=server.env | users.env("ben"))
    assert result.code == 3
    assert "access.subscribe" in result.err


@pytest.mark.parametrize("output", ["table", "json"])
def test_ctrl_c_ends_it_silently(demo_server, output):
    with uns_process("sub", FILTER, "-o", output, env=demo_server.env) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=10)
    assert (process.returncode, error) == (0, b"")


def test_ctrl_c_before_anything_arrived_is_silent_too(demo_server):
    with uns_process("sub", "acme/ghent/_raw/never", env=demo_server.env) as process:
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=10)
    assert (out, error) == (b"", b"")
    assert process.returncode in (0, 130, -signal.SIGINT)  # the last one: before Python had begun


def test_a_reader_that_leaves_ends_it_quietly(demo_server):
    with uns_process("sub", FILTER, env=demo_server.env) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=20) == 0
        assert process.stderr.read() == b""
