"""Where in its life is a version of a model, and what does it promise to the versions before it?"""

import re
from enum import StrEnum

from uns.errors import nearest
from uns.registry.document import Fields

_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_IRDI = re.compile(r"\d{4}-[A-Za-z0-9_-]{1,70}#[A-Za-z0-9]{2}-[A-Za-z0-9_.]{1,131}(?:#\d{1,10})?")


class Status(StrEnum):
    """The life of a version; it only goes forward, but a deprecation may be taken back."""

    DRAFT = "draft"  # still changes; whoever uses it is warned
    ACTIVE = "active"  # its contract never changes again
    DEPRECATED = "deprecated"  # still works; whoever uses it is warned


class Compatibility(StrEnum):
    """What a version promises. Backward: what was valid stays valid. Forward: what is valid now was valid before.

    The transitive forms promise it to every earlier version, the others to the one just before.
    """

    NONE = "none"
    BACKWARD = "backward"
    FORWARD = "forward"
    FULL = "full"
    BACKWARD_TRANSITIVE = "backward_transitive"
    FORWARD_TRANSITIVE = "forward_transitive"
    FULL_TRANSITIVE = "full_transitive"

    @property
    def keeps_backward(self) -> bool:
        return self.value.partition("_")[0] in ("backward", "full")

    @property
    def keeps_forward(self) -> bool:
        return self.value.partition("_")[0] in ("forward", "full")

    @property
    def is_transitive(self) -> bool:
        return self.value.endswith("_transitive")


def read_status(fields: Fields) -> Status:
    """Active unless stated: what lies in a plant directory runs, and a small plant needs no life cycle."""
    word = _read_word(fields, "status", tuple(Status), "model.status")
    return Status(word) if word else Status.ACTIVE


def read_compatibility(fields: Fields) -> Compatibility:
    """Backward unless stated: devices are slower to change than files, and what they send must stay welcome."""
    word = _read_word(fields, "compatibility", tuple(Compatibility), "model.compatibility_level")
    return Compatibility(word) if word else Compatibility.BACKWARD


def read_semantic_id(fields: Fields) -> str:
    """The id of the concept in a dictionary: an IRI, or an IRDI such as ECLASS `0173-1#02-AAV232#002`."""
    stated = fields.text("semantic_id")
    if stated and not (_IRDI.fullmatch(stated) if "#" in stated and ":" not in stated else _IRI.fullmatch(stated)):
        what = f"'{stated}' is neither an IRI nor an IRDI."
        hint = "Write for example 0173-1#02-AAV232#002 (ECLASS) or https://admin-shell.io/zvei/nameplate/2/0."
        fields.refuse("model.semantic_id", "semantic_id", what, hint=hint)
    return stated


def _read_word(fields: Fields, key: str, known: tuple[str, ...], finding_id: str) -> str:
    word = fields.text(key)
    if word and word not in known:
        what = f"'{word}' is no {key} (known: {', '.join(known)})."
        fields.refuse(finding_id, key, what, nearest=nearest(word, known))
        return ""
    return word
