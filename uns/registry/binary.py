"""What may a payload be that is not JSON: which content types, how many bytes, which Protobuf message?

The descriptor stands in the model itself, in base64, so that a version is whole and cannot change behind its number.
"""

import base64
import binascii
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from uns.errors import Finding
from uns.registry.document import Fields

JSON_TYPES = ("application/json", "text/json")
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")
_MAX_DESCRIPTOR_BYTES = 1_048_576


class Binary(msgspec.Struct, frozen=True):
    """What an attribute of type bytes states. message: full name of a Protobuf message, or "" for any bytes.

    descriptor: a serialized FileDescriptorSet with all imports, in base64, as `protoc --include_imports` writes it.
    """

    content_types: tuple[str, ...]
    message: str = ""
    descriptor: str = ""


def read_binary(fields: Fields) -> Binary:
    """The keys `content_type` (text or list), `message` and `descriptor`."""
    stated = fields.document.get("content_type")
    types = fields.texts("content_type") if isinstance(stated, list) else (fields.text("content_type"),)
    named = tuple(name.casefold() for name in types if name)
    if not named:
        hint = "Add for example content_type: application/octet-stream."
        fields.refuse("model.content_type", None, "type bytes needs a 'content_type' that says what it is.", hint=hint)
    for name in named:
        if not _TYPE.fullmatch(name):
            fields.refuse("model.content_type", "content_type", f"'{name}' is no media type such as image/png.")
        elif is_json(name):
            hint = "Use an attribute of another type, or one with a 'schema'."
            fields.refuse(
                "model.content_type", "content_type", f"'{name}' is JSON, which type bytes is not.", hint=hint
            )
    binary = Binary(named, fields.text("message"), "".join(fields.text("descriptor").split()))
    if bool(binary.message) != bool(binary.descriptor):
        missing = "descriptor" if binary.message else "message"
        fields.refuse("model.protobuf", None, f"a Protobuf payload needs the key '{missing}' too.")
    elif binary.message:
        try:
            _message_class(binary)
        except ValueError as error:
            fields.refuse("model.protobuf", "descriptor", f"{error}.", hint=_DESCRIPTOR_HINT)
    return binary


_DESCRIPTOR_HINT = "protoc --include_imports --descriptor_set_out=FILE x.proto, and FILE in base64."


def is_json(content_type: str) -> bool:
    """Is this media type, with or without parameters, JSON?"""
    name = content_type.partition(";")[0].strip().casefold()
    return name in JSON_TYPES or name.endswith("+json")


def json_content_fault(content_type: str) -> Finding | None:
    """Why a topic that takes JSON does not take what a message says it is; one that says nothing is taken."""
    if not content_type or is_json(content_type):
        return None
    return _undeclared(content_type, "application/json")


def compile_content_check(binary: Binary) -> Callable[[str], Finding | None]:
    """The check of what a message says it is; one that says nothing (MQTT 3.1.1 cannot) is taken."""
    known = frozenset(binary.content_types)

    def check(content_type: str) -> Finding | None:
        if not content_type or content_type.partition(";")[0].strip().casefold() in known:
            return None
        return _undeclared(content_type, ", ".join(binary.content_types))

    return check


def compile_binary_check(name: str, binary: Binary, max_length: int | None) -> Callable[[bytes], Finding | None]:
    """The check of the bytes. name: of the attribute, for the finding; max_length: in bytes."""
    message_class = _message_class(binary) if binary.message else None

    def check(payload: bytes) -> Finding | None:
        if max_length is not None and len(payload) > max_length:
            what = f"{name} has {len(payload)} bytes, above its maximum of {max_length}."
            return Finding(id="payload.length", what=what, hint="Send less, or raise max_length in a new version.")
        return None if message_class is None else _message_finding(message_class, binary.message, payload)

    return check


def _undeclared(content_type: str, known: str) -> Finding:
    shown = content_type if len(content_type) <= 60 else f"{content_type[:60]}…"
    return Finding(
        id="payload.content_type",
        what=f"the message says that it is '{shown}', but the topic takes {known}.",
        hint="Set the Content Type that the payload has, or declare it in a new version of the model.",
    )


def _message_finding(message_class: Any, name: str, payload: bytes) -> Finding | None:
    """A payload of another message often parses too: all its fields are then unknown ones, so those are refused."""
    from google.protobuf.message import DecodeError

    message = message_class()
    hint = "Send the message that the model's descriptor describes."
    try:
        message.ParseFromString(payload)
    except DecodeError as error:
        return Finding(id="payload.protobuf", what=f"the payload is no {name}: {error}.", hint=hint)
    known = message.ByteSize()
    message.DiscardUnknownFields()
    if message.ByteSize() != known:
        return Finding(id="payload.protobuf", what=f"the payload has fields that {name} does not know.", hint=hint)
    if not message.IsInitialized():
        missing = ", ".join(message.FindInitializationErrors())
        return Finding(id="payload.protobuf", what=f"the payload lacks {missing}, which {name} requires.", hint=hint)
    return None


@cache
def _message_class(binary: Binary) -> Any:
    """The class of the message; ValueError when the descriptor is none or does not hold it."""
    from google.protobuf.descriptor_pb2 import FileDescriptorSet
    from google.protobuf.descriptor_pool import DescriptorPool
    from google.protobuf.message import DecodeError
    from google.protobuf.message_factory import GetMessageClass

    try:
        packed = base64.b64decode(binary.descriptor, validate=True)
        if len(packed) > _MAX_DESCRIPTOR_BYTES:
            raise ValueError(f"the descriptor has more than {_MAX_DESCRIPTOR_BYTES} bytes")
        described = FileDescriptorSet.FromString(packed)
    except binascii.Error as error:
        raise ValueError(f"the descriptor is not base64: {error}") from error
    except DecodeError as error:
        raise ValueError("the descriptor is no serialized FileDescriptorSet") from error
    pool = DescriptorPool()
    try:
        for file in described.file:
            pool.AddSerializedFile(file.SerializeToString())
        return GetMessageClass(pool.FindMessageTypeByName(binary.message))
    except (TypeError, KeyError) as error:
        names = ", ".join(
            f"{file.package}.{kind.name}".strip(".") for file in described.file for kind in file.message_type
        )
        raise ValueError(f"the descriptor holds no message '{binary.message}' (known: {names or 'none'})") from error
