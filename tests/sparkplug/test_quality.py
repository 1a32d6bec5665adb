"""The property Quality, both ways, and samples of received metrics."""

import math

import pytest

from uns.samples import Quality, Sample
from uns.sparkplug.datatypes import SparkplugType as T
from uns.sparkplug.payload import DataSet, Metric, Property
from uns.sparkplug.quality import quality_of, to_property
from uns.sparkplug.sample import json_value, sample_of


@pytest.mark.parametrize(
    ("quality", "code"),
    [(Quality.GOOD, 192), (Quality.UNCERTAIN, 500), (Quality.BAD, 0), (Quality.GOOD_NO_DATA, 192)],
)
def test_qualities_are_told_as_int32(quality, code):
    assert to_property(quality) == Property(3, code)


@pytest.mark.parametrize(
    ("code", "quality"),
    [
        (0, Quality.BAD),
        (192, Quality.GOOD),
        (500, Quality.UNCERTAIN),
        (216, Quality.GOOD),
        (64, Quality.UNCERTAIN),
        (24, Quality.BAD),
        (600, Quality.BAD),
        ("192", Quality.BAD),
    ],
)
def test_qualities_are_read(code, quality):
    assert quality_of({"Quality": Property(3, code)}) is quality


def test_no_quality_is_good():
    assert quality_of(None) is quality_of({"engUnit": Property(12, "Cel")}) is Quality.GOOD


BAD, STALE = {"Quality": Property(3, 0)}, {"Quality": Property(3, 500)}
SAMPLES = [  # (value, properties, sample value, quality)
    (1.5, None, 1.5, Quality.GOOD),
    (None, None, None, Quality.GOOD_NO_DATA),
    (None, BAD, None, Quality.BAD),
    (1.5, BAD, None, Quality.BAD),
    (1.5, STALE, 1.5, Quality.UNCERTAIN),
    (None, STALE, None, Quality.BAD),
    (math.nan, None, None, Quality.BAD),
    (-math.inf, STALE, None, Quality.BAD),
    (b"\0", None, b"\0", Quality.GOOD),
]


@pytest.mark.parametrize(("value", "properties", "expected", "quality"), SAMPLES)
def test_samples_of_metrics(value, properties, expected, quality):
    metric = Metric(value=value, timestamp_ms=7, properties=properties)
    assert sample_of(metric, value, 7) == Sample(expected, quality, 7)


JSON = [
    (T.DATETIME, 1_790_000_000_123, "2026-09-21T14:13:20.123Z"),
    (T.DATETIME_ARRAY, [0], ["1970-01-01T00:00:00.000Z"]),
    (T.DOUBLE_ARRAY, [1.0, math.nan], [1.0, None]),
    (T.INT64, 2**63 - 1, 2**63 - 1),
    (T.DATASET, DataSet(["a"], [13], [[0]]), {"columns": ["a"], "rows": [["1970-01-01T00:00:00.000Z"]]}),
    (T.DATETIME, None, None),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "value", "expected"), JSON)
def test_values_become_json(datatype, value, expected):
    assert json_value(value, datatype) == expected


def test_a_time_beyond_the_calendar_is_refused():
    with pytest.raises(ValueError, match="beyond the year 9999"):
        json_value(2**63, T.DATETIME)
