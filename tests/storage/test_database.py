"""Opening, migrating, and the one writer with many readers."""

import sqlite3
import sys
from pathlib import Path

import pytest

from uns.errors import UnsError
from uns.storage import Database


@pytest.fixture
def owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package `keeper` with one migration, on the import path."""
    package = tmp_path / "code" / "keeper"
    (package / "migrations").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "migrations" / "0001_things.sql").write_text("CREATE TABLE things (name TEXT);")
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.delitem(sys.modules, "keeper", raising=False)  # the one of the test before
    return package


def names(database: Database) -> list[str]:
    with database.read() as connection:
        return [name for (name,) in connection.execute("SELECT name FROM things ORDER BY rowid").fetchall()]


def add(database: Database, name: str) -> None:
    with database.write() as connection:
        connection.execute("INSERT INTO things VALUES (?)", (name,))


def test_folder_and_file_are_made_and_survive_reopening(owner: Path, tmp_path: Path) -> None:
    path = tmp_path / "data" / "odd name ?#%.db"
    database = Database(path, "keeper")
    add(database, "pump")
    database.close()
    database.close()
    assert path.exists()
    again = Database(path, "keeper")
    assert names(again) == ["pump"]
    again.close()


def test_only_new_migrations_are_applied(owner: Path, tmp_path: Path) -> None:
    database = Database(tmp_path / "a.db", "keeper")
    add(database, "pump")
    database.close()
    (owner / "migrations" / "0002_colour.sql").write_text("ALTER TABLE things ADD COLUMN colour TEXT DEFAULT 'grey';")
    database = Database(tmp_path / "a.db", "keeper")
    with database.read() as connection:
        assert connection.execute("SELECT name, colour FROM things").fetchall() == [("pump", "grey")]
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    database.close()


def test_a_migration_may_call_what_its_owner_gives(owner: Path, tmp_path: Path) -> None:
    def shout(text: str) -> str:
        return text.upper()

    database = Database(tmp_path / "a.db", "keeper")
    add(database, "pump")
    database.close()
    (owner / "migrations" / "0002_loud.sql").write_text("UPDATE things SET name = shout(name);")
    database = Database(tmp_path / "a.db", "keeper", functions=(shout,))
    assert names(database) == ["PUMP"]
    database.close()


def test_a_broken_migration_leaves_the_file_as_it_was(owner: Path, tmp_path: Path) -> None:
    Database(tmp_path / "a.db", "keeper").close()
    broken = owner / "migrations" / "0002_broken.sql"
    broken.write_text("CREATE TABLE half (x); INSERT INTO nowhere VALUES (1);")
    with pytest.raises(UnsError) as raised:
        Database(tmp_path / "a.db", "keeper")
    assert raised.value.finding.id == "storage.open_failed"
    broken.unlink()
    database = Database(tmp_path / "a.db", "keeper")
    with database.read() as connection:
        assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'half'").fetchone() is None
    database.close()


def test_a_newer_schema_is_refused(owner: Path, tmp_path: Path) -> None:
    Database(tmp_path / "a.db", "keeper").close()
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(UnsError) as raised:
        Database(tmp_path / "a.db", "keeper")
    assert raised.value.finding.id == "storage.newer_schema"
    assert "schema 9" in raised.value.finding.what


@pytest.mark.parametrize("fault", ["a folder", "no database", "a file in the way"])
def test_what_cannot_be_opened_is_a_finding(owner: Path, tmp_path: Path, fault: str) -> None:
    path = tmp_path / "a.db"
    if fault == "a folder":
        path.mkdir()
    elif fault == "no database":
        path.write_bytes(b"this is no database file" * 100)
    else:
        path.write_text("")
        path /= "b.db"
    with pytest.raises(UnsError) as raised:
        Database(path, "keeper")
    assert raised.value.finding.id == "storage.open_failed"
    assert str(path) in raised.value.finding.what


def test_a_failed_write_leaves_nothing_and_the_next_one_works(owner: Path, tmp_path: Path) -> None:
    database = Database(tmp_path / "a.db", "keeper")

    def add_and_fail() -> None:
        with database.write() as connection:
            connection.execute("INSERT INTO things VALUES ('ghost')")
            connection.execute("INSERT INTO nowhere VALUES (1)")

    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        add_and_fail()
    add(database, "pump")
    assert names(database) == ["pump"]
    database.close()


def test_readers_cannot_write_and_do_not_see_the_open_transaction(owner: Path, tmp_path: Path) -> None:
    database = Database(tmp_path / "a.db", "keeper")
    with database.read() as reader, pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("INSERT INTO things VALUES ('x')")
    with database.write() as connection:
        connection.execute("INSERT INTO things VALUES ('pump')")
        assert names(database) == []
    assert names(database) == ["pump"]
    database.close()


def test_reading_after_close_is_an_error(owner: Path, tmp_path: Path) -> None:
    database = Database(tmp_path / "a.db", "keeper")
    with database.read():
        database.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        names(database)
