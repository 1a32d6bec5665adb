"""Setpoints take what is within their limits and refuse the rest, saying why."""

import math

import pytest

from uns.simulator.process.setpoints import Limits, Setpoints, WriteRefused


@pytest.fixture
def setpoints():
    return Setpoints({"speed": Limits(0.0, 480.0), "enabled": bool}, {"speed": 400.0, "enabled": True})


@pytest.mark.parametrize(("path", "value"), [("speed", 0), ("speed", 480.0), ("speed", 123.5), ("enabled", False)])
def test_takes_what_is_allowed(setpoints, path, value):
    setpoints.write(path, value)
    assert setpoints[path] == value


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("speed", 480.1, "from 0 to 480"),
        ("speed", -1, "from 0 to 480"),
        ("speed", math.nan, "from 0 to 480"),
        ("speed", math.inf, "from 0 to 480"),
        ("speed", "400", "a number"),
        ("speed", True, "a number"),
        ("enabled", 1, "true or false"),
        ("temperature", 5.0, "not writable"),
    ],
)
def test_refuses_the_rest_and_keeps_the_old_value(setpoints, path, value, says):
    with pytest.raises(WriteRefused, match=says):
        setpoints.write(path, value)
    assert (setpoints["speed"], setpoints["enabled"]) == (400.0, True)
