"""Payloads that are not JSON: what a model may declare, and what a message of it must be."""

import base64
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet

from uns.errors import Finding
from uns.registry import Attribute, Model, compile_check, parse_model
from uns.registry.binary import compile_content_check, json_content_fault

FIELDS = [
    FieldDescriptorProto(name="weight", number=1, type=FieldDescriptorProto.TYPE_UINT32, label=1),
    FieldDescriptorProto(name="name", number=2, type=FieldDescriptorProto.TYPE_STRING, label=1),
]
DESCRIPTOR = base64.b64encode(
    FileDescriptorSet(
        file=[
            FileDescriptorProto(
                name="report.proto",
                package="acme",
                syntax="proto3",
                message_type=[DescriptorProto(name="Report", field=FIELDS)],
            )
        ]
    ).SerializeToString()
).decode()
PROTOBUF = {
    "type": "bytes",
    "content_type": "application/x-protobuf",
    "message": "acme.Report",
    "descriptor": DESCRIPTOR,
}


def read(entry: dict[str, Any]) -> Model | list[Finding]:
    return parse_model({"model": "m", "version": 1, "attributes": {"value": entry}})


def attribute(entry: dict[str, Any]) -> Attribute:
    model = read(entry)
    assert isinstance(model, Model), model
    return model.attributes["value"]


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"", None),
        (b"\x08\x05\x12\x02ab", None),
        (b"\x08", "payload.protobuf"),
        (b"\x1a\x02ab", "payload.protobuf"),
        (b'{"weight":5}', "payload.protobuf"),
        (b"\x08\x05" + b"\x12\x14" + b"a" * 20, "payload.length"),
    ],
)
def test_a_protobuf_message(payload: bytes, expected: str | None) -> None:
    finding = compile_check(attribute(PROTOBUF | {"max_length": 20}))(payload)
    assert (finding.id if finding else None) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"descriptor": "!"}, "model.protobuf"),
        ({"descriptor": base64.b64encode(b"\xff").decode()}, "model.protobuf"),
        ({"message": "acme.Raport"}, "model.protobuf"),
        ({"message": ""}, "model.protobuf"),
        ({"content_type": []}, "model.content_type"),
        ({"content_type": "png"}, "model.content_type"),
        ({"content_type": "application/json"}, "model.content_type"),
        ({"min": 1}, "model.key_for_type"),
    ],
)
def test_a_declaration_that_is_wrong(change: dict[str, Any], expected: str) -> None:
    found = read(PROTOBUF | change)
    assert isinstance(found, list)
    assert [finding.id for finding in found] == [expected]


@pytest.mark.parametrize(
    ("stated", "taken"),
    [("", True), ("image/png", True), ("IMAGE/PNG; q=1", True), ("image/jpeg", False), ("application/json", False)],
)
def test_what_a_binary_topic_takes(stated: str, taken: bool) -> None:
    binary = attribute({"type": "bytes", "content_type": ["image/png"]}).binary
    assert binary is not None
    finding = compile_content_check(binary)(stated)
    assert (finding is None) == taken
    assert finding is None or finding.id == "payload.content_type"


@pytest.mark.parametrize(
    ("stated", "taken"),
    [
        ("", True),
        ("application/json", True),
        ("application/json; charset=utf-8", True),
        ("application/cloudevents+json", True),
        ("text/plain", False),
        ("application/x-protobuf", False),
    ],
)
def test_what_a_topic_of_json_takes(stated: str, taken: bool) -> None:
    assert (json_content_fault(stated) is None) == taken
