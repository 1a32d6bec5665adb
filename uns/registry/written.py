"""How is a model written as a document again, and what of it is the contract that never changes?

`parse_model(model_document(model))` is the model. The contract leaves out what is for people and what belongs to its
life: a description may be mended and a version deprecated without counting up.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from uns.registry.attribute import Attribute
from uns.registry.lifecycle import Compatibility, Status
from uns.registry.model import Model
from uns.registry.pointer import join_pointer

_FOR_PEOPLE = ("description", "semantic_id")
_encode = msgspec.json.Encoder(order="deterministic").encode


def model_document(model: Model) -> dict[str, Any]:
    """What a file of `models/` says, with every default left out."""
    stated: dict[str, Any] = {
        "model": model.name,
        "version": model.version,
        "status": "" if model.status is Status.ACTIVE else model.status.value,
        "owner": model.owner,
        "description": model.description,
        "changelog": model.changelog,
        "deprecated": model.deprecated,
        "replaced_by": model.replaced_by,
        "semantic_id": model.semantic_id,
        "compatibility": "" if model.compatibility is Compatibility.BACKWARD else model.compatibility.value,
        "strict_compatibility": model.strict_compatibility,
        "attributes": {path: attribute_document(attribute) for path, attribute in model.attributes.items()},
        "parts": dict(model.parts),
    }
    written = {key: value for key, value in stated.items() if value not in ("", False, {})}
    if model.schema is not None:
        written["schema"] = model.schema
    elif "attributes" not in written and "parts" not in written:
        written["attributes"] = {}
    return written


def attribute_document(attribute: Attribute) -> dict[str, Any]:
    """One entry of `attributes`, with every default left out."""
    default = Attribute(path=attribute.path, type=attribute.type)
    written: dict[str, Any] = {"type": attribute.type.value}
    for name in Attribute.__struct_fields__:
        value = getattr(attribute, name)
        if name in ("path", "type") or value == getattr(default, name):
            continue
        if name == "max_age_ms":
            written["max_age"] = f"{value}ms"
        elif name == "binary":
            written["content_type"] = list(value.content_types)
            written |= {key: getattr(value, key) for key in ("message", "descriptor") if getattr(value, key)}
        else:
            written[name] = list(value) if isinstance(value, tuple) else value
    return written


def contract(model: Model) -> dict[str, Any]:
    """The part of the document that may not change while the number stays."""
    attributes = {
        path: {key: value for key, value in attribute_document(attribute).items() if key not in _FOR_PEOPLE}
        for path, attribute in model.attributes.items()
    }
    return {"attributes": attributes, "parts": dict(model.parts), "schema": model.schema}


def fingerprint(model: Model) -> str:
    """SHA-256 of the contract in its canonical form, in hexadecimal: the same for every order of the keys."""
    return hashlib.sha256(_encode(contract(model))).hexdigest()


def contract_differences(old: Model, new: Model) -> list[str]:
    """JSON pointers of what differs between two contracts, the deepest that say it whole."""
    return list(_differing(contract(old), contract(new), ""))


def _differing(old: Any, new: Any, where: str) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            if key not in old or key not in new:
                yield join_pointer(where, key)
            else:
                yield from _differing(old[key], new[key], join_pointer(where, key))
    elif _encode(old) != _encode(new):
        yield where
