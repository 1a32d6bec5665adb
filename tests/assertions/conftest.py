"""The captured life of an edge node, over MQTT 3.1.1 and over MQTT 5."""

import pytest

from tests.assertions.story import Story, live


@pytest.fixture(scope="session", params=[4, 5], ids=["mqtt311", "mqtt5"])
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Story:
    return live(tmp_path_factory.mktemp("story"), request.param)
