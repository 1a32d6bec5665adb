"""`uns history`: raw points and aggregates, as table, CSV and JSON."""

from datetime import datetime

from tests.support.command import uns
from tests.support.until import until

TOPIC = "acme/ghent/packaging/line1/filler/temperature"


def recorded(demo_server, count):
    """Wait until so many points are stored."""
    return until(
        lambda: len(points := uns("history", TOPIC, env=demo_server.env).json["points"]) >= count and points,
        f"{count} points are recorded",
    )


def test_points_are_in_order_with_unit(demo_server):
    points = recorded(demo_server, 3)
    moments = [point["timestamp"] for point in points]
    assert moments == sorted(moments)
    table = uns("history", TOPIC, "--last", "10m", "-o", "table", env=demo_server.env)
    assert table.lines[0].split("  ")[-1].strip() == "value [Cel]"
    assert len(table.lines) >= 4


def test_aggregated_csv(demo_server):
    recorded(demo_server, 3)
    result = uns("history", TOPIC, "--last", "10m", "--agg", "avg:10s", "-o", "csv", env=demo_server.env)
    assert result.code == 0
    header, *rows = result.lines
    assert header == "timestamp,value,quality"
    assert rows
    for row in rows:
        moment, value, quality = row.split(",")
        assert datetime.fromisoformat(moment).second % 10 == 0
        assert 0 < float(value) < 20
        assert quality == "Good"


def test_a_range_by_times(demo_server):
    first = recorded(demo_server, 1)[0]["timestamp"]
    found = uns("history", TOPIC, "--from", first, "--limit", "1", "-o", "json", env=demo_server.env)
    assert [point["timestamp"] for point in found.json["points"]] == [first]
    assert "--limit" in found.err


def test_nothing_in_the_range_says_what_to_do(demo_server):
    long_ago = ("--from", "2020-01-01T00:00:00Z", "--to", "2020-01-02T00:00:00Z")
    result = uns("history", TOPIC, *long_ago, "-o", "table", env=demo_server.env)
    assert result.code == 0
    assert "--last" in result.out


def test_wrong_questions(demo_server):
    for arguments, code, finding in (
        (("--last", "tomorrow"), 5, "request.duration"),
        (("--from", "yesterday"), 5, "request.time"),
        (("--agg", "median:10s"), 5, "request."),
        (("--limit", "0"), 2, "--limit"),
    ):
        result = uns("history", TOPIC, *arguments, env=demo_server.env)
        assert result.code == code, arguments
        assert finding in result.err
    assert uns("history", TOPIC + "x", env=demo_server.env).code == 4
