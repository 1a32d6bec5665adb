"""Servers that tests of several rooms share: the demo plant, and a small plant with users. Each is started once."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.running import RunningServer
from tests.support.until import until

SMALL_PLANT = Path(__file__).with_name("support") / "plant"
SOURCES_S = 30.0
PACKAGE = Path(__file__).parents[1] / "uns"


def pytest_report_header() -> str:
    """Which core is tested. A compiled one must be as new as its source, or a change would be tested by nobody."""
    compiled = {path: path.with_name(path.name.partition(".")[0] + ".py") for path in PACKAGE.rglob("*.so")}
    for library, source in compiled.items():
        if source.exists() and source.stat().st_mtime > library.stat().st_mtime:
            raise pytest.UsageError(
                f"{library} is older than its source. Run `make compiled`, or `make pure` to test the Python source."
            )
    return f"core of the broker: {'compiled' if compiled else 'Python'}"


@dataclass(frozen=True)
class Users:
    """Passwords made for this run. ada: operator, ben: viewer, cas: guest, dot: steward; without one nobody gets in."""

    passwords: dict[str, str] = field(
        default_factory=lambda: {user: secrets.token_urlsafe(12) for user in ("ada", "ben", "cas", "dot")}
    )

    @property
    def environ(self) -> dict[str, str]:
        """As the plant's access.yaml names them."""
        return {f"TEST_{user.upper()}_PASSWORD": password for user, password in self.passwords.items()}

    def env(self, user: str) -> dict[str, str]:
        """What a command needs to log in."""
        return {"UNS_USER": user, "UNS_PASSWORD": self.passwords[user]}


@pytest.fixture(scope="session")
def demo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """`uns demo`, with every source running. Stopped as by Ctrl-C, which must leave nothing behind."""
    server = RunningServer(["demo"], tmp_path_factory.mktemp("demo"))
    try:
        until(lambda: _all_run(server), "all sources run", SOURCES_S)
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def users() -> Users:
    return Users()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, users: Users) -> Iterator[RunningServer]:
    """`uns serve` of tests/support/plant: no anonymous access, a branch for each mode, a source that is not there."""
    running = RunningServer(["serve", str(SMALL_PLANT)], tmp_path_factory.mktemp("serve"), users.environ)
    try:
        yield running
    finally:
        running.stop()


def _all_run(server: RunningServer) -> bool:
    sources = server.get("/api/v1/sources")["sources"]
    return bool(sources) and all(
        source["state"] == "running" and source["points_seen"] == source["points"] for source in sources
    )
