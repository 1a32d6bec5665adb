"""`uns violations accept`, `uns move`, `uns aliases`: from what was refused to what is taken, on a running server."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.api.contract import Contract
from tests.conftest import SMALL_PLANT, Users
from tests.support.command import Result, uns, uns_process
from tests.support.running import RunningServer
from tests.support.until import until

KEPT = "works/kept/mixer"


class Works:
    """A server with a plant directory of its own, and ada, an operator, and dot, who governs."""

    def __init__(self, server: RunningServer, plant: Path, users: Users) -> None:
        self.server = server
        self.plant = plant
        self.users = users

    def ask(self, *arguments: str, user: str = "dot") -> Result:
        return uns(*arguments, env=self.server.env | self.users.env(user))

    def refuse(self, topic: str, value: str) -> str:
        """Publish what quarantine keeps; the number of its group."""
        assert self.ask("pub", topic, value, user="ada").code == 5
        groups = until(
            lambda: self.ask("violations", "--topic", topic, "-o", "json").json["groups"], f"{topic} is recorded"
        )
        return str(groups[0]["id"])

    def call(self, method: str, path: str, body: dict[str, object] | None = None, user: str = "dot") -> httpx.Response:
        """Over HTTP; the answer is as /openapi.json says."""
        env = self.users.env(user)
        auth = (env["UNS_USER"], env["UNS_PASSWORD"])
        response = httpx.request(method, f"{self.server.base_url}/api/v1/{path}", json=body, auth=auth)
        document = httpx.get(f"{self.server.base_url}/openapi.json", auth=auth).json()
        Contract(document).hold(response)
        return response

    def post(self, path: str, body: dict[str, object], user: str = "dot") -> httpx.Response:
        return self.call("POST", path, body, user)


@contextmanager
def running(directory: Path, users: Users) -> Iterator[Works]:
    plant = Path(shutil.copytree(SMALL_PLANT, directory / "plant"))
    server = RunningServer(["serve", str(plant)], directory, users.environ)
    yield Works(server, plant, users)
    server.stop()


@pytest.fixture
def works(tmp_path: Path, users: Users) -> Iterator[Works]:
    with running(tmp_path, users) as found:
        yield found


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory, users: Users) -> Iterator[Works]:
    """For who applies nothing."""
    with running(tmp_path_factory.mktemp("unchanged"), users) as found:
        yield found


def test_refused_accepted_and_replayed(works: Works) -> None:
    group = works.refuse(f"{KEPT}/weight", "5")
    before = (works.plant / "namespace.yaml").read_text()
    assert "1. accept: mixer@2 (after mixer@1): a new" in works.ask("violations", "show", group, "-o", "table").out
    accepted = works.ask("violations", "accept", group, "--yes", "--why", "new sensor", "-o", "table")
    assert accepted.code == 0, accepted.err
    assert "+  weight: {type: integer, optional: true}" in accepted.lines
    assert "Of the 1 latest messages that are kept, 1 would be taken then." in accepted.lines
    assert f"Revision 2 runs, and #{group} is resolved. Undo it with: uns revert 1" in accepted.lines
    after = (works.plant / "namespace.yaml").read_text()
    assert [line for line in after.splitlines() if line not in before.splitlines()] == [
        '      mixer: {model: mixer@2, description: "Judged, and kept aside"}'
    ]
    model = (works.plant / "models/mixer.v2.yaml").read_text()
    assert f"new sensor (violations {group}: topic.attribute from http:ada)" in model
    assert "1 message delivered" in works.ask("violations", "replay", group, "-o", "table").out
    assert works.ask("get", f"{KEPT}/weight").json["value"] == 5
    assert works.ask("pub", f"{KEPT}/weight", "6", user="ada").code == 0
    shown = works.ask("violations", "show", group).json
    assert (shown["group"]["state"], shown["group"]["held"]) == ("resolved", 0)
    assert shown["journal"][-1]["note"].startswith("revision 2: mixer@2 (after mixer@1)")
    assert works.ask("revert", "1", "--yes").code == 0
    assert (works.plant / "namespace.yaml").read_text() == before


def test_a_mistyped_topic_gets_an_alias_that_is_counted(works: Works) -> None:
    group = works.refuse(f"{KEPT}/temprature", "5")
    assert "No branch has an old name" in works.ask("aliases", "-o", "table").out
    assert works.ask("violations", "accept", group, "--yes").json["proposal"]["kind"] == "map"
    environ = works.server.env | works.users.env("ada")
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    listener = uns_process("sub", f"{KEPT}/temprature", env=environ, **silent)
    try:
        until(lambda: works.ask("aliases").json["aliases"][0]["subscribers"], "the subscriber is listed")
        assert works.ask("pub", f"{KEPT}/temprature", "7", user="ada").code == 0
        (alias,) = works.ask("aliases").json["aliases"]
        assert (alias["old"], alias["new"]) == (f"{KEPT}/temprature", f"{KEPT}/temperature")
        assert (alias["messages"], alias["in_force"], alias["file"]) == (1, True, "namespace.yaml")
        assert alias["publishers"] == [{"client_id": "http:ada", "messages": 1}]
        assert works.call("GET", "aliases", user="ada").json()["aliases"] == [alias]
        assert works.call("GET", "aliases", user="cas").json()["aliases"] == [], "a guest reads nothing of it"
        assert works.call("GET", f"lineage/{KEPT}/temperature", user="ada").status_code == 200
        shown = works.ask("aliases", "-o", "table").out
        assert "1 message on the old path since the server started, the last" in shown
        assert "1 client subscribed by the old name alone" in shown
    finally:
        listener.kill()
        listener.wait()
    lineage = works.ask("lineage", f"{KEPT}/temperature").json
    assert [old["topic"] for old in lineage["old_names"]] == [f"{KEPT}/temprature"]
    assert works.ask("aliases", "-o", "csv").lines[1].startswith(f"{KEPT}/temprature,{KEPT}/temperature,,true,1,")


def test_nothing_happens_without_a_yes(unchanged: Works) -> None:
    group = unchanged.refuse(f"{KEPT}/weight", "5")
    answer = unchanged.ask("violations", "accept", group, "-o", "table")
    assert answer.code == 1
    assert "Apply this?" in answer.out
    assert not (unchanged.plant / "models/mixer.v2.yaml").exists()
    assert unchanged.ask("violations", "show", group).json["group"]["state"] == "open"


def test_into_a_directory_that_a_repository_keeps(unchanged: Works, tmp_path: Path) -> None:
    group = unchanged.refuse(f"{KEPT}/weight", "5")
    mine = Path(shutil.copytree(SMALL_PLANT, tmp_path / "mine"))
    answer = unchanged.ask("violations", "accept", group, "--into", str(mine), "-o", "table")
    assert answer.code == 0, answer.err
    assert f"uns plan {mine}" in answer.out
    assert (mine / "models/mixer.v2.yaml").exists()
    assert not (unchanged.plant / "models/mixer.v2.yaml").exists()


def test_who_may_not_and_what_is_stale(unchanged: Works) -> None:
    group = unchanged.refuse(f"{KEPT}/weight", "5")
    path = f"violations/groups/{group}/accept"
    assert unchanged.post(path, {"dry_run": False}, "ada").json()["error"]["id"] == "access.govern"
    shown = unchanged.post(path, {})
    assert (shown.status_code, shown.json()["revision"]) == (200, None)
    stale = unchanged.post(path, {"sentence": "another", "dry_run": False})
    assert (stale.status_code, stale.json()["error"]["id"]) == (409, "govern.stale")
    missing = unchanged.post(path, {"proposal": 9})
    assert (missing.status_code, missing.json()["error"]["id"]) == (404, "unknown.proposal")
    assert unchanged.post("violations/groups/4711/accept", {}).json()["error"]["id"] == "unknown.group"
    assert unchanged.post(path, {"prposal": 1}).status_code == 422
    (unchanged.plant / "access.yaml").write_text("# edited by hand\n" + (unchanged.plant / "access.yaml").read_text())
    drifted = unchanged.post(path, {"dry_run": False})
    assert (drifted.status_code, drifted.json()["error"]["id"]) == (409, "govern.drift")
    assert not (unchanged.plant / "models/mixer.v2.yaml").exists()


def test_a_branch_moves(works: Works) -> None:
    assert works.ask("pub", f"{KEPT}/temperature", "5", "--retain", user="ada").code == 0
    moved = works.ask("move", "works/kept", "works/held", str(works.plant), "--until", "2031-01-31", "-m", "drawings")
    assert moved.code == 0, moved.err
    assert "+    held:" in moved.lines
    plan = works.ask("plan", str(works.plant), "-o", "table").out
    assert "+ alias     works/kept" in plan
    assert works.ask("apply", str(works.plant), "--yes").code == 0
    assert works.ask("get", "works/held/mixer/temperature").json["value"] == 5
    assert works.ask("pub", f"{KEPT}/temperature", "6", user="ada").code == 0
    assert works.ask("get", "works/held/mixer/temperature").json["value"] == 6


@pytest.mark.parametrize(
    ("old", "new", "code", "told"),
    [
        ("works/nothing", "works/x", 4, "unknown.path"),
        ("works/kept", "works/strict", 5, "plant.exists"),
        ("works/kept", "works/kept/x", 5, "namespace.alias"),
        ("works/kept", "works/Not Allowed", 5, "Nothing is written"),
    ],
)
def test_what_cannot_move(tmp_path: Path, old: str, new: str, code: int, told: str) -> None:
    plant = Path(shutil.copytree(SMALL_PLANT, tmp_path / "plant"))
    before = (plant / "namespace.yaml").read_text().replace("levels:", "naming: '[a-z]+'\nlevels:")
    (plant / "namespace.yaml").write_text(before)
    result = uns("move", old, new, str(plant))
    assert (result.code, told in result.out + result.err) == (code, True), result
    assert (plant / "namespace.yaml").read_text() == before


def test_a_day_that_is_none(tmp_path: Path) -> None:
    assert uns("move", "works/kept", "works/held", str(SMALL_PLANT), "--until", "soon").code == 2
