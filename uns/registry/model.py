"""What is a data model: a named, versioned set of attributes and parts, or one hand-written JSON Schema?"""

import re
from typing import Any

import msgspec

from uns.errors import Finding
from uns.registry.attribute import KEYS as ATTRIBUTE_KEYS
from uns.registry.attribute import Attribute, AttributeType, path_fault, read_attribute
from uns.registry.document import Fields
from uns.registry.document_check import schema_fault
from uns.registry.lifecycle import Compatibility, Status, read_compatibility, read_semantic_id, read_status
from uns.registry.pointer import join_pointer

KEYS = (
    *("model", "version", "status", "description", "owner", "changelog", "attributes", "parts", "schema"),
    *("compatibility", "strict_compatibility", "deprecated", "replaced_by", "semantic_id"),
)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")
_REF = re.compile(rf"({_NAME.pattern})@([1-9][0-9]{{0,8}})")


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a model; immutable once active.

    attributes: by path, the model's own ones. parts: part name to model reference, their attributes appear below it.
    schema: a JSON Schema 2020-12 for a model whose asset topic itself takes a document; it then has no attributes.
    changelog: what is new in this version. deprecated: why it is, and until when it works; replaced_by: what to use.
    compatibility: to the versions before it; strict: an attribute more counts as a surprise to consumers.
    semantic_id: IRI or IRDI of the concept.
    """

    name: str
    version: int
    attributes: dict[str, Attribute] = {}
    parts: dict[str, str] = {}
    description: str = ""
    owner: str = ""
    schema: dict[str, Any] | None = None
    status: Status = Status.ACTIVE
    changelog: str = ""
    deprecated: str = ""
    replaced_by: str = ""
    compatibility: Compatibility = Compatibility.BACKWARD
    strict_compatibility: bool = False
    semantic_id: str = ""

    @property
    def ref(self) -> str:
        """How other documents name it: `filler@2`."""
        return f"{self.name}@{self.version}"

    @property
    def document(self) -> Attribute | None:
        """The document that the asset's own topic takes, or None when the model has attributes."""
        if self.schema is None:
            return None
        kind = AttributeType.ARRAY if self.schema.get("type") == "array" else AttributeType.OBJECT
        return Attribute(path="", type=kind, schema=self.schema, description=self.description)


def parse_model(document: Any) -> Model | list[Finding]:
    """The model in a document of `models/*.yaml`, or everything that is wrong with it.

    `where` of a finding is a JSON pointer into the document. References to other models are checked by the registry.
    """
    findings: list[Finding] = []
    fields = Fields(document, findings, known=KEYS)
    fields.require("model", "version")
    name, version = fields.text("model"), fields.integer("version")
    if name and not _NAME.fullmatch(name):
        fields.refuse("model.name", "model", f"'{name}' must be letters, digits, '_', '-' or '.', a letter first.")
    if version is not None and version < 1:
        fields.refuse("model.version", "version", f"a version counts from 1, found {version}.")
    model = Model(
        name=name,
        version=version or 1,
        attributes=_read_attributes(fields),
        parts=_read_parts(fields),
        description=fields.text("description"),
        owner=fields.text("owner"),
        schema=fields.mapping("schema") if fields.has("schema") else None,
        status=read_status(fields),
        changelog=fields.text("changelog"),
        deprecated=fields.text("deprecated"),
        replaced_by=fields.text("replaced_by"),
        compatibility=read_compatibility(fields),
        strict_compatibility=fields.flag("strict_compatibility"),
        semantic_id=read_semantic_id(fields),
    )
    _check_content(model, fields)
    _check_life(model, fields)
    return findings or model


def ref_fault(ref: str) -> str:
    """Why a text is no model reference such as `filler@2`, or an empty string."""
    if _REF.fullmatch(ref):
        return ""
    return f"'{ref}' is not a model reference; write the name, '@' and the version, such as filler@2"


def _read_attributes(fields: Fields) -> dict[str, Attribute]:
    found = {}
    where = fields.pointer("attributes")
    for path, entry in fields.mapping("attributes").items():
        below = join_pointer(where, path)
        attribute = read_attribute(path, Fields(entry, fields.findings, below, known=ATTRIBUTE_KEYS))
        if attribute is None:
            continue
        fault = schema_fault(attribute.schema) if attribute.schema is not None else ""
        if fault:
            fields.findings.append(Finding(id="model.schema", what=fault, where=f"{below}/schema"))
        found[path] = attribute
    return found


def _read_parts(fields: Fields) -> dict[str, str]:
    parts = Fields(fields.mapping("parts"), fields.findings, fields.pointer("parts"))
    found = {}
    for name in parts.document:
        ref = parts.text(name)
        fault = path_fault(name)
        if fault:
            parts.refuse("model.attribute_name", name, f"part '{name}' cannot be topic levels: {fault}.")
        if ref and ref_fault(ref):
            parts.refuse("model.reference", name, f"{ref_fault(ref)}.")
        elif ref:
            found[name] = ref
    return found


def _check_life(model: Model, fields: Fields) -> None:
    if model.replaced_by and ref_fault(model.replaced_by):
        fields.refuse("model.reference", "replaced_by", f"{ref_fault(model.replaced_by)}.")
    for key in ("deprecated", "replaced_by"):
        if fields.has(key) and model.status is not Status.DEPRECATED and not fields.findings:
            what = f"'{key}' has no meaning while the status is {model.status}."
            fields.refuse("model.status", key, what, hint="Add 'status: deprecated', or remove it.")


def _check_content(model: Model, fields: Fields) -> None:
    if model.schema is not None:
        if model.attributes or model.parts:
            what = "a model has either a 'schema' or 'attributes' and 'parts', not both."
            fields.refuse("model.schema", "schema", what, hint="Make an attribute with a 'schema' of its own instead.")
        fault = schema_fault(model.schema)
        if fault:
            fields.refuse("model.schema", "schema", fault)
    elif not any(fields.has(key) for key in ("attributes", "parts")):
        fields.refuse(
            "model.empty", None, "the model describes nothing.", hint="Add 'attributes:', 'parts:' or 'schema:'."
        )
