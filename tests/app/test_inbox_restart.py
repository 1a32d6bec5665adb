"""A person's evening: a line publishes where nothing is declared, the plant is mended, what was held comes back."""

import json
from pathlib import Path

from tests.support.command import uns
from tests.support.running import RunningServer
from tests.support.until import until

TOPIC = "works/line1/mixer/speed"
PLANT = {
    "access.yaml": "anonymous: {role: boss}\nroles: {boss: {publish: ['#'], subscribe: ['#'], govern: true}}\n",
    "namespace.yaml": "levels: [enterprise, area, line]\nmode: quarantine\ntree: {works: {line1: {}}}\n",
    "models/mixer.v1.yaml": "model: mixer\nversion: 1\nattributes: {speed: {type: number, bare: true}}\n",
}
MENDED = "levels: [enterprise, area, line]\nmode: quarantine\ntree: {works: {line1: {mixer: {model: mixer@1}}}}\n"


def test_what_was_held_is_replayed_into_the_mended_plant_as_of_its_time(tmp_path: Path) -> None:
    plant = tmp_path / "plant"
    for name, text in PLANT.items():
        (plant / name).parent.mkdir(parents=True, exist_ok=True)
        (plant / name).write_text(text)
    server = RunningServer(["serve", str(plant)], tmp_path)
    for number in range(3):
        sent = uns("pub", TOPIC, "--raw", str(number), "--retain", env=server.env)
        assert sent.code == 5, sent.err
    (group,) = uns("violations", env=server.env).json["groups"]
    assert (group["finding"]["id"], group["count"], group["held"]) == ("topic.undeclared", 3, 3)
    sent_at = [one["time"] for one in uns("violations", "list", env=server.env).json["violations"]]
    assert uns("violations", "block", "--client", "rogue", "--reason", "floods", env=server.env).code == 0
    server.stop()

    (plant / "namespace.yaml").write_text(MENDED)
    server = RunningServer(["serve", str(plant)], tmp_path)
    assert [block["client_id"] for block in uns("violations", "blocks", env=server.env).json["blocks"]] == ["rogue"]
    asked = ("violations", "replay", str(group["id"]), "-o", "json")
    assert json.loads(uns(*asked, "--dry-run", env=server.env).out)["delivered"] == 3
    assert json.loads(uns(*asked, env=server.env).out)["delivered"] == 3
    assert json.loads(uns(*asked, env=server.env).out)["delivered"] == 0
    until(lambda: len(_history(server)) == 3, "they are recorded")
    assert [(point["value"], point["timestamp"]) for point in _history(server)] == list(
        zip(range(3), reversed(sent_at), strict=True)
    )
    shown = uns("violations", "show", str(group["id"]), "-o", "json", env=server.env).json
    assert shown["group"]["held"] == 0
    assert [sample["replay"] for sample in shown["samples"]] == ["delivered"] * 3
    server.stop()


def _history(server: RunningServer) -> list[dict[str, object]]:
    points: list[dict[str, object]] = uns("history", TOPIC, "--last", "1h", "-o", "json", env=server.env).json["points"]
    return points
