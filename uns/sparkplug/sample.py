"""Which sample is a received metric? Values become JSON values or bytes, Sparkplug's nulls and qualities ours."""

from collections.abc import Callable
from math import isfinite
from typing import Any

from uns.samples import Quality, Sample, format_timestamp
from uns.sparkplug.datatypes import SparkplugType
from uns.sparkplug.decode import typed
from uns.sparkplug.payload import DataSet, Metric
from uns.sparkplug.quality import quality_of


def sample_of(metric: Metric, value: Any, timestamp_ms: int) -> Sample:
    """value: from `json_value`; timestamp_ms: its source time. Bad samples carry no value, nothing that is not Good is
    Bad, and so is a float that JSON cannot hold (NaN, infinity)."""
    quality = Quality.GOOD if metric.properties is None else quality_of(metric.properties)
    if value is None:
        quality = Quality.GOOD_NO_DATA if quality is Quality.GOOD else Quality.BAD
    elif quality is Quality.BAD or (type(value) is float and not isfinite(value)):
        value, quality = None, Quality.BAD
    return Sample(value, quality, timestamp_ms)


def json_value(value: Any, datatype: int) -> Any:
    """A typed value as JSON value or bytes: DateTime as RFC 3339, a DataSet as columns and rows. Floats stay, even
    those that JSON cannot hold. Raises ValueError for no such DateTime."""
    convert = _CONVERT.get(datatype)
    return value if convert is None or value is None else convert(value)


def reader(datatype: int) -> Callable[[Any], Any]:
    """From the value of a metric that came without its datatype to the JSON value; raises ValueError on a misfit."""

    def read(raw: Any) -> Any:
        return json_value(typed(raw, datatype), datatype)

    return read


def _datetime(value: int) -> str:
    try:
        return format_timestamp(value)
    except (OverflowError, ValueError, OSError) as error:
        raise ValueError(f"{value} ms is beyond the year 9999") from error


def _finite(values: list[float]) -> list[float | None]:
    return [value if isfinite(value) else None for value in values]


def _dataset(value: DataSet) -> dict[str, Any]:
    rows = [[_cell(cell, kind) for cell, kind in zip(row, value.types, strict=True)] for row in value.rows]
    return {"columns": value.columns, "rows": rows}


def _cell(value: Any, datatype: int) -> Any:
    plain = json_value(value, datatype)
    return None if type(plain) is float and not isfinite(plain) else plain


_CONVERT: dict[int, Callable[[Any], Any]] = {
    SparkplugType.DATETIME: _datetime,
    SparkplugType.DATETIME_ARRAY: lambda values: [_datetime(value) for value in values],
    SparkplugType.FLOAT_ARRAY: _finite,
    SparkplugType.DOUBLE_ARRAY: _finite,
    SparkplugType.DATASET: _dataset,
}
