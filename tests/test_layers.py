"""Does the house keep its layers? Imports go down only, and only the door touches routes and retained values.

L4 app · L3 server history host api security edge violations models persistence revisions web, adapters · base storage ·
L2 broker policy · L1 mqtt sparkplug registry · L0 topics samples errors link adapter clock fields. See ARCHITECTURE.md.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent

L0 = frozenset({"topics", "samples", "errors", "link", "adapter", "adapter_faults", "clock", "fields", "source_status"})
L1 = frozenset({"mqtt", "sparkplug", "registry"})
BASE = frozenset({"storage"})
VERSION = frozenset({"__init__"})

MAY_IMPORT: dict[str, frozenset[str]] = {
    **dict.fromkeys(L0, L0),
    **dict.fromkeys(L1, L0),
    "policy": L0 | L1,
    "broker": L0 | L1 | {"policy"},
    "storage": L0,
    **dict.fromkeys(
        ("history", "violations", "models", "persistence", "revisions"), L0 | L1 | {"broker", "policy"} | BASE | VERSION
    ),
    **dict.fromkeys(("server", "host", "api", "security", "web"), L0 | L1 | {"broker", "policy"}),
    "edge": L0 | L1 | {"broker", "policy"} | BASE,
    "simulator": L0,
}
"""Room of `uns` to the rooms it may import beside itself; `app` knows all and is not listed."""

ADAPTERS_MAY_IMPORT = L0

PURE = L0 | L1 | {"policy", "broker"}
IMPURE_MODULES = frozenset(
    {"asyncio", "socket", "ssl", "threading", "random", "os", "pathlib", "time", "pydantic", "sqlite3", "logging"}
    | {"multiprocessing", "subprocess"}
)
CLOCKS = frozenset({"now", "utcnow", "today"})

DOOR = tuple(ROOT / "uns/broker" / name for name in ("door.py", "routes.py", "retaining.py"))
"""The door and its parts."""
BEYOND_DOOR = frozenset({"_routes", "by_topic"})
CURRENT_FIELDS = frozenset({"retained", "received_ms", "updates", "refused", "expires_ms", "publisher", "payload"})


class Import(NamedTuple):
    """One imported module, where it stands and whether only type checkers run it."""

    file: Path
    line: int
    module: str

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line} imports {self.module}"


def sources(folder: str) -> list[Path]:
    return sorted(path for path in (ROOT / folder).rglob("*.py") if not path.name.startswith("test_"))


def room(file: Path) -> str:
    """`uns/broker/door.py` is of the room broker, `uns/errors.py` of errors."""
    return file.relative_to(ROOT).with_suffix("").parts[1]


def imports(file: Path) -> Iterator[Import]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (Import(file, node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: write imports in full"
            base = node.module or ""
            if base in ("uns", "adapters"):
                yield from (Import(file, node.lineno, f"{base}.{_name(alias.name)}") for alias in node.names)
            else:
                yield Import(file, node.lineno, base)


def _name(imported: str) -> str:
    return "__init__" if imported.startswith("__") else imported


def rooms_imported(file: Path) -> Iterator[tuple[Import, str]]:
    for found in imports(file):
        package, _, rest = found.module.partition(".")
        if package == "uns":
            yield found, rest.split(".")[0] or "__init__"


def test_every_room_has_a_layer() -> None:
    rooms = {path.name.removesuffix(".py") for path in (ROOT / "uns").iterdir() if path.suffix in ("", ".py")}
    assert rooms - {"app", "__init__", "__pycache__"} == set(MAY_IMPORT)


def test_imports_go_down_only() -> None:
    wrong = [
        str(found)
        for file in sources("uns")
        if room(file) not in ("app", "__init__")
        for found, other in rooms_imported(file)
        if other != room(file) and other not in MAY_IMPORT[room(file)]
    ]
    assert wrong == []


def test_uns_never_imports_adapters() -> None:
    """Adapters come through the entry-point group `uns.adapters`, so that a plant can bring its own."""
    assert [str(found) for file in sources("uns") for found in imports(file) if _within("adapters", found)] == []


def test_adapters_know_the_adapter_contract_only() -> None:
    wrong = [
        str(found)
        for file in sources("adapters")
        for found, other in rooms_imported(file)
        if other not in ADAPTERS_MAY_IMPORT
    ]
    assert wrong == []


def test_adapters_do_not_know_each_other() -> None:
    wrong = [
        str(found)
        for file in sources("adapters")
        for found in imports(file)
        if _within("adapters", found) and found.module.split(".")[1] != room(file)
    ]
    assert wrong == []


def test_the_pure_layers_import_nothing_that_does_io_or_reads_a_clock() -> None:
    wrong = [
        str(found)
        for file in sources("uns")
        if room(file) in PURE
        for found in imports(file)
        if found.module.split(".")[0] in IMPURE_MODULES
    ]
    assert wrong == []


def test_the_pure_layers_read_no_clock_through_datetime() -> None:
    wrong = [
        f"{file.relative_to(ROOT)}:{node.lineno} reads the clock"
        for file in sources("uns")
        if room(file) in PURE
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS
    ]
    assert wrong == []


HEAVY = ("fastapi", "asyncua", "pymodbus", "httpx", "pydantic", "uvicorn", "rich", "sqlite3")


def test_heavy_modules_are_imported_by_the_command_that_needs_them() -> None:
    """`uns --help` stays quick: nothing at the top of a file that every command loads."""
    wrong = [
        f"{file.relative_to(ROOT)}:{statement.lineno}"
        for file in [*sources("uns/app/cli"), ROOT / "uns/__init__.py", ROOT / "uns/errors.py"]
        if file.name != "client.py"  # itself imported by the commands that ask a server
        for statement in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(statement, ast.Import | ast.ImportFrom)
        and any(name.split(".")[0] in HEAVY for name in _modules(statement))
    ]
    assert wrong == []


def _modules(statement: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(statement, ast.Import):
        return [alias.name for alias in statement.names]
    return [statement.module or ""]


def _within(package: str, found: Import) -> bool:
    return found.module.split(".")[0] == package


# --- one door -------------------------------------------------------------------------------------------------------


def test_only_the_door_touches_routes() -> None:
    """Neither the table of routes nor a route itself leaves the door."""
    wrong = [
        f"{file.relative_to(ROOT)}:{node.lineno} {node.attr}"
        for file in sources("uns") + sources("adapters")
        if file not in DOOR
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in BEYOND_DOOR
        if room(file) == "broker" or ast.unparse(node.value) != "self"  # a room may have routes of its own
    ]
    assert wrong == []


@pytest.mark.parametrize("kind", ["Route", "Current"])
def test_only_the_door_makes_routes_and_current_values(kind: str) -> None:
    makers = {
        str(file.relative_to(ROOT))
        for file in sources("uns") + sources("adapters")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == kind
    }
    assert makers <= {str(file.relative_to(ROOT)) for file in DOOR}


def test_nobody_beyond_the_door_changes_a_current_value() -> None:
    """Reading `broker.current(topic)` is for everybody; assigning to what it gives is not."""
    wrong = [
        f"{file.relative_to(ROOT)}:{node.lineno} assigns {ast.unparse(target)}"
        for file in sources("uns") + sources("adapters")
        if file not in DOOR
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assign | ast.AugAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Attribute)
        and target.attr in CURRENT_FIELDS
        and ast.unparse(target.value).endswith("current")
    ]
    assert wrong == []


def test_the_rooms_beyond_the_broker_know_its_public_face_only() -> None:
    """Nobody imports the door, a route or a session: messages enter through `Broker.publish` and the clients."""
    allowed = {"uns.broker", "uns.broker.limits"}
    wrong = [
        str(found)
        for file in sources("uns")
        if room(file) != "broker"
        for found in imports(file)
        if found.module.startswith("uns.broker") and found.module not in allowed
    ]
    assert wrong == []
