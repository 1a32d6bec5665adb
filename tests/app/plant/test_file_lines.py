"""Where what a plant declares is written: file and line of equipment, attributes, points and open branches."""

from pathlib import Path

import pytest

from uns.app.plant import PlantFiles, load_files
from uns.policy.file_lines import FileLine

FILES = {
    "access.yaml": b"roles: {}\n",
    "namespace.yaml": b"""\
tree:
  acme:
    line{1..2}:
      filler: {model: filler@1}
    "~agv-[0-9]+":
      model: motor@1
    line2:
      filler: {owner: me}
open:
  - acme/_raw/#
""",
    "assets/more.csv": b'path,model,description\nacme/line3,,"two\nlines"\nacme/line3/order,order@1,\n',
    "models/filler.v1.yaml": b"""\
model: filler
version: 1
attributes:
  speed: {type: number}
parts:
  motor: motor@1
""",
    "models/motor.v1.yaml": b"""\
model: motor
version: 1
attributes:
  current/mean:
    type: number
""",
    "models/order.v1.yaml": b"""\
model: order
version: 1
schema:
  type: object
""",
    "sources/line1.yaml": b"""\
source: plc
adapter: opcua
edge: acme/line1
endpoint: opc.tcp://127.0.0.1:4840
devices:
  filler:
    speed: {node: "ns=2;s=speed"}
    motor/current/mean: {node: "ns=2;s=current"}
""",
}
EQUIPMENT = {
    "acme": ("namespace.yaml", 2),
    "acme/line1": ("namespace.yaml", 3),
    "acme/line1/filler": ("namespace.yaml", 4),
    "acme/line2/filler": ("namespace.yaml", 8),
    "acme/agv-17": ("namespace.yaml", 5),
    "acme/line3": ("assets/more.csv", 2),
    "acme/line3/order": ("assets/more.csv", 4),
}
ATTRIBUTES = {
    ("filler@1", "speed"): ("models/filler.v1.yaml", 4),
    ("filler@1", "motor/current/mean"): ("models/motor.v1.yaml", 4),
    ("motor@1", "current/mean"): ("models/motor.v1.yaml", 4),
    ("order@1", ""): ("models/order.v1.yaml", 3),
}


@pytest.fixture(scope="module")
def plant():
    plant = load_files(PlantFiles(FILES), Path("."), {})
    assert plant.errors == []
    return plant


@pytest.mark.parametrize("path", EQUIPMENT)
def test_equipment(plant, path: str) -> None:
    node, rest = plant.namespace.locate(path)
    assert rest == ""
    assert plant.file_lines.of_equipment(node) == FileLine(*EQUIPMENT[path])


@pytest.mark.parametrize("key", ATTRIBUTES)
def test_an_attribute_stands_at_the_model_that_states_it(plant, key: tuple[str, str]) -> None:
    assert plant.file_lines.of_attribute(plant.registry, *key) == FileLine(*ATTRIBUTES[key])


def test_points_and_open_branches(plant) -> None:
    assert plant.file_lines.points == {
        ("plc", "filler", "speed"): FileLine("sources/line1.yaml", 7),
        ("plc", "filler", "motor/current/mean"): FileLine("sources/line1.yaml", 8),
    }
    assert plant.file_lines.open_filters == {"acme/_raw/#": FileLine("namespace.yaml", 10)}


def test_what_is_broken_is_still_read() -> None:
    broken = FILES | {
        "sources/line1.yaml": b"source: [1]\n",
        "models/motor.v1.yaml": b"model: 7\n",
        "namespace.yaml": b"tree:\n  - x\n",
    }
    assert load_files(PlantFiles(broken), Path("."), {}).errors
