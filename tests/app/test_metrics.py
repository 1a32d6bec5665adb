"""Does Prometheus see the parts beside the broker, each under the product's name and with what it is?"""

import re
import urllib.request

from tests.support.command import uns
from tests.support.running import RunningServer
from uns.api.metrics import PART_COUNTERS, PART_GAUGES


def test_every_figure_is_named_after_the_product_and_explained(tmp_path) -> None:
    plant = tmp_path / "plant"
    assert uns("init", str(plant)).code == 0
    server = RunningServer(["serve", str(plant)], tmp_path)
    try:
        with urllib.request.urlopen(f"{server.base_url}/metrics", timeout=10) as response:
            text = response.read().decode()
    finally:
        server.stop()
    helps = dict(re.findall(r"^# HELP (\S+) (.+)$", text, re.MULTILINE))
    for name, meaning in PART_GAUGES.items():
        assert helps[f"uns_{name}"] == meaning
    for name, meaning in PART_COUNTERS.items():
        assert helps[f"uns_{name}_total"] == meaning
    assert {name.partition("_")[0] for name in helps} == {"uns", "process", "python"}
