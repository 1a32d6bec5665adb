"""Two OPC UA servers in processes of their own: asyncua's, and node-opcua's, which nobody here wrote a client for."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.support import ServerProcess

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("UNS_TEST_CACHE", HERE.parents[2] / ".cache"))
PACKAGE = "node-opcua-server@2"


@pytest.fixture(scope="module")
def asyncua_server() -> Iterator[ServerProcess]:
    """One for many tests: each that changes something has nodes of its own."""
    with ServerProcess([sys.executable, HERE / "asyncua_server.py"]) as server:
        yield server


@pytest.fixture
def mortal_server() -> Iterator[ServerProcess]:
    """One to kill."""
    with ServerProcess([sys.executable, HERE / "asyncua_server.py"]) as server:
        yield server


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """A folder with node-opcua installed, kept between test runs."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node or npm is absent")
    folder = CACHE / "node-opcua"
    if not (folder / "node_modules" / "node-opcua-server").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder), PACKAGE]
        installed = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if installed.returncode:
            pytest.skip(f"npm could not install {PACKAGE}: {installed.stderr[-200:]}")
    return folder


@pytest.fixture(scope="module")
def node_server(node_modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """It makes itself a certificate at each start, which takes seconds."""
    home = str(tmp_path_factory.mktemp("node-opcua"))
    environment = {**os.environ, "TMPDIR": home, "HOME": home, "NODE_NO_WARNINGS": "1"}
    with ServerProcess(["node", HERE / "node_opcua_server.js"], cwd=node_modules, env=environment) as server:
        yield server
