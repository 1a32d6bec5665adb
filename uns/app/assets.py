"""Equipment as one table: out of a plant directory for a spreadsheet, and back into its assets/*.csv."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from uns.app.plant import Plant, Problem
from uns.app.plant.csv_file import CsvFile, read_csv, write_csv
from uns.app.plant.files import PlantFiles
from uns.app.plant.load import load_files
from uns.errors import Finding
from uns.policy.assets import COLUMNS, row_of
from uns.policy.node import Node

NEW = "assets/assets.csv"
"""Takes the rows that no file of the plant has yet."""


class Import(msgspec.Struct, frozen=True):
    """contents: what the files under assets/ that change will hold. problems: why nothing may be written, if any."""

    contents: dict[str, bytes]
    problems: list[Problem]


def export_assets(plant: Plant) -> bytes:
    """Every declared equipment as a row with what it states itself; what a pattern declares cannot be a row."""
    return write_csv(row_of(node) for node in plant.namespace.nodes())


def import_assets(directory: Path, table: bytes, name: str, environ: Mapping[str, str]) -> Import:
    """What the assets of a plant become when this table is taken over; nothing is written.

    Rows stay in the file that has them, new ones go into `assets/assets.csv`, and rows that are not in the table go.
    What namespace.yaml declares is changed there: such a row must say the same.
    """
    files = PlantFiles.of(directory)
    plant = load_files(files, directory, environ)
    read = read_csv(table, name)
    problems = list(read.problems)
    declared = {node.path: node for node in plant.namespace.nodes()}
    kept: dict[str, list[dict[str, str]]] = {path: [] for path in files.folder("assets")}
    for index, cells in enumerate(read.table.rows):
        row = dict.fromkeys(COLUMNS, "") | {column: cells[column] for column in COLUMNS if column in cells}
        node = declared.get(row["path"].strip())
        if node is not None and node.file not in kept:
            problems += _of_yaml(read, index, row, node)
        else:
            kept.setdefault(NEW if node is None else node.file, []).append(row)
    contents = {path: write_csv(rows) for path, rows in kept.items()}
    changed = {path: content for path, content in contents.items() if _differs(files.contents.get(path), content, path)}
    if not problems:
        candidate = msgspec.structs.replace(files, contents={**files.contents, **changed})
        problems = load_files(candidate, directory, environ).errors
    return Import(changed, problems)


def write_assets(directory: Path, found: Import) -> None:
    """Each file is replaced whole: a reader sees the old one or the new one."""
    for path, content in found.contents.items():
        target = directory / path
        target.parent.mkdir(exist_ok=True)
        beside = target.with_name(f".{target.name}.new")
        beside.write_bytes(content)
        os.replace(beside, target)


def _differs(old: bytes | None, new: bytes, path: str) -> bool:
    """Do the rows differ? Delimiters, the order of columns and quotes that a person chose are no difference."""
    if old is None:
        return True
    was, now = ([_whole(row) for row in read_csv(content, path).table.rows] for content in (old, new))
    return was != now


def _whole(row: dict[str, str]) -> dict[str, str]:
    return dict.fromkeys(COLUMNS, "") | row


def _of_yaml(read: CsvFile, index: int, row: dict[str, str], node: Node) -> list[Problem]:
    stated = row_of(node)
    for column in COLUMNS:
        if row[column].strip() != stated[column].strip():
            finding = Finding(
                id="namespace.twice",
                what=f"'{node.path}' is declared in {node.file}, and the row says another '{column}'.",
                where=f"/{index}/{column}",
                hint=f"Change it in {node.file}, or move the entry from there into the table.",
            )
            return [read.problem(finding)]
    return []
