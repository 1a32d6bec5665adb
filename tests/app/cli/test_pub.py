"""`uns pub`: through the same door as everybody, with its reasons and exit codes."""

import json

import pytest

from tests.support.command import uns

ACCEPTED = [
    ("works/strict/mixer/temperature", ("21.5",), 21.5),
    ("works/strict/mixer/state", ("mixing",), "mixing"),
    ("works/tagged/mixer/batches", ("9007199254740993",), 9007199254740993),
    ("works/strict/mixer/running", ("true",), True),
    ("works/free/anything", ("42", "--string", "--retain"), "42"),
    ("works/free/number", ("42", "--retain"), 42),
    ("works/free/document", ('{"a": [1]}', "--retain"), {"a": [1]}),
    ("works/free/negative", ("--retain", "--", "-5"), -5),
]


@pytest.mark.parametrize(("topic", "arguments", "value"), ACCEPTED)
def test_a_value_arrives_with_its_type(server, users, topic, arguments, value):
    env = server.env | users.env("ada")
    published = uns("pub", topic, *arguments, env=env)
    assert (published.code, published.err) == (0, "")
    assert published.json == {"topic": topic, "outcome": "accepted", "finding": None}
    kept = uns("get", topic, env=env).json["value"]
    assert (kept, type(kept)) == (value, type(value))


def test_raw_is_the_payload_itself(server, users):
    env = server.env | users.env("ada")
    assert uns("pub", "works/free/raw", '{"temp": 1}', "--raw", "--qos", "1", "--retain", env=env).code == 0
    assert uns("get", "works/free/raw", env=env).json["payload"] == {"temp": 1}


REFUSED = [
    ("ada", "works/strict/mixer/temprature", "1", 5, "topic.attribute", "'works/strict/mixer/temperature'"),
    ("ada", "works/strickt/mixer/temperature", "1", 5, "topic.undeclared", "'works/strict/mixer/temperature'"),
    ("ada", "works/strict/mixer/temperature", "hot", 5, "payload.type", ""),
    ("ada", "works/kept/mixer/temperature", "900", 5, "payload.range", ""),
    ("ada", "works/strict/mixer/state", "mixng", 5, "payload.enum", "'mixing'"),
    ("ben", "works/strict/mixer/temperature", "20", 3, "access.publish", ""),
    ("ada", "elsewhere/x", "20", 3, "access.publish", ""),
    ("ada", "works/+/x", "20", 5, "request.topic", ""),
]


@pytest.mark.parametrize(("user", "topic", "value", "code", "finding", "meant"), REFUSED)
def test_a_refusal_says_why_and_what_to_do(server, users, user, topic, value, code, finding, meant):
    result = uns("pub", topic, value, env=server.env | users.env(user))
    assert (result.code, result.out) == (code, "")
    assert result.err.startswith(f"error {finding}: ")
    assert f"Did you mean {meant}?" in result.err if meant else "Did you mean" not in result.err


BECAME = {
    "kept": ("works/kept/mixer/temperature", "ada", "quarantined", "Kept in quarantine"),
    "refused": ("works/strict/mixer/temperature", "ada", "rejected", "Rejected"),
    "denied": ("works/kept/mixer/temperature", "ben", "rejected", "Rejected"),
}


@pytest.mark.parametrize("name", BECAME)
def test_a_refusal_says_what_became_of_the_message(server, users, name):
    topic, user, outcome, text = BECAME[name]
    env = server.env | users.env(user)
    told = uns("pub", topic, "900", "-o", "table", env=env)
    assert told.err.splitlines()[-1].startswith(f"  {text}, and delivered to nobody")
    assert json.loads(uns("pub", topic, "900", "-o", "json", env=env).err)["outcome"] == outcome


def test_a_message_that_never_came_to_the_door_has_no_outcome(server, users):
    env = server.env | users.env("ada")
    assert "delivered" not in uns("pub", "works/+/x", "1", "-o", "table", env=env).err
    assert "outcome" not in json.loads(uns("pub", "works/+/x", "1", "-o", "json", env=env).err)


def test_a_refusal_as_json(server, users):
    result = uns("pub", "works/strict/mixer/state", "x", "-o", "json", env=server.env | users.env("ada"))
    assert (result.code, result.out) == (5, "")
    assert json.loads(result.err)["error"]["id"] == "payload.enum"


@pytest.mark.parametrize(("branch", "outcome"), [("tagged", "warned"), ("watched", "observed")])
def test_what_is_delivered_all_the_same_is_told(server, users, branch, outcome):
    result = uns("pub", f"works/{branch}/mixer/temperature", "900", "-o", "table", env=server.env | users.env("ada"))
    assert result.code == 0
    first, *why = result.lines
    assert first == f"{outcome} works/{branch}/mixer/temperature  payload.range"
    assert "above its maximum of 150 Cel" in why[0]


def test_two_lines_for_a_person_are_enough(server, users):
    result = uns("pub", "works/strict/mixer/state", "idle", "-o", "table", env=server.env | users.env("ada"))
    assert result.out == "accepted works/strict/mixer/state\n"


def test_a_wrong_quality_of_service_is_a_usage_error(server):
    assert uns("pub", "works/free/x", "1", "--qos", "3", env=server.env).code == 2
