"""How does a violation become a row of the table, and come back whole?"""

import sqlite3
from typing import Any

import msgspec

from uns.errors import Finding
from uns.link import Properties
from uns.policy.verdict import Mode, Outcome, Verdict
from uns.policy.violation import Violation

_ROW_BYTES = 256
"""Roughly what a row takes besides the texts and bytes that are counted."""

INSERT = """
INSERT INTO violations (time_ms, outcome, mode, finding_id, finding, topic, payload, qos, retain, properties,
    client_id, role, address, size, group_id)
VALUES (:time_ms, :outcome, :mode, :finding_id, :finding, :topic, :payload, :qos, :retain, :properties,
    :client_id, :role, :address, :size, :group_id)
"""
HELD = "outcome = 'quarantined' AND replay IS NULL"
"""What waits in quarantine, to be replayed."""


class StoredViolation(msgspec.Struct, frozen=True):
    """id: ascending in the order of recording, never given twice. group: None while it is not yet grouped.

    replay: how the replay of a quarantined message ended, at `replayed_ms`; None while it is held.
    """

    id: int
    violation: Violation
    group: int | None = None
    replay: str | None = None
    replayed_ms: int | None = None


def size_of(violation: Violation) -> int:
    """What a violation counts for, in memory and in the file."""
    properties = violation.properties or {}
    texts = sum(len(value) for value in properties.values() if isinstance(value, str | bytes))
    pairs = sum(len(name) + len(value) for name, value in properties.get("user_property", ()))
    return _ROW_BYTES + len(violation.topic) + len(violation.payload) + texts + pairs


def to_row(violation: Violation) -> dict[str, Any]:
    """The parameters of `INSERT`; ValueError for a verdict without a finding, which is no violation."""
    finding = violation.verdict.finding
    if finding is None:
        raise ValueError(f"the message on '{violation.topic}' was accepted")
    properties = violation.properties
    return {
        "time_ms": violation.time_ms,
        "outcome": violation.verdict.outcome.value,
        "mode": None if violation.mode is None else violation.mode.value,
        "finding_id": finding.id,
        "finding": msgspec.json.encode(finding).decode(),
        "topic": violation.topic,
        "payload": violation.payload,
        "qos": violation.qos,
        "retain": violation.retain,
        "properties": None if properties is None else msgspec.msgpack.encode(properties),
        "client_id": violation.client_id,
        "role": violation.role,
        "address": violation.address,
        "size": size_of(violation),
        "group_id": None,
    }


def from_row(row: sqlite3.Row) -> StoredViolation:
    """The violation that `to_row` was given, with its id."""
    violation = Violation(
        time_ms=row["time_ms"],
        verdict=Verdict(Outcome(row["outcome"]), msgspec.json.decode(row["finding"], type=Finding)),
        topic=row["topic"],
        payload=row["payload"],
        qos=row["qos"],
        retain=bool(row["retain"]),
        properties=None if row["properties"] is None else _decode_properties(row["properties"]),
        client_id=row["client_id"],
        role=row["role"],
        address=row["address"],
        mode=None if row["mode"] is None else Mode(row["mode"]),
    )
    return StoredViolation(row["id"], violation, row["group_id"], row["replay"], row["replayed_ms"])


def _decode_properties(packed: bytes) -> Properties:
    properties: Properties = msgspec.msgpack.decode(packed)
    if "user_property" in properties:  # MessagePack knows no tuples
        properties["user_property"] = [tuple(pair) for pair in properties["user_property"]]
    return properties
