"""Which models are there, what do they look like with their parts, and how are their payloads checked?"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import msgspec

from uns.errors import Finding, UnsError, nearest
from uns.registry.attribute import Attribute
from uns.registry.document import listed
from uns.registry.model import Model, ref_fault
from uns.registry.pointer import join_pointer
from uns.registry.schema import DIALECT, model_schema, payload_schema

MAX_ATTRIBUTES = 10_000
"""Of one model with its parts: composition multiplies, and a plant file must not be able to exhaust the memory."""


class Registry:
    """Models by reference. It never changes: a new model means a new registry and newly compiled rules."""

    def __init__(self, models: Iterable[Model] = ()) -> None:
        """Raises UnsError `model.twice` when two models have one reference."""
        self._models: dict[str, Model] = {}
        self._attributes: dict[str, dict[str, Attribute]] = {}
        for model in models:
            if model.ref in self._models:
                what = f"the model {model.ref} is defined twice."
                raise UnsError(Finding(id="model.twice", what=what, hint="Give one of them the next version."))
            self._models[model.ref] = model

    def get(self, ref: str) -> Model | None:
        """The model of a reference such as `filler@2`."""
        return self._models.get(ref)

    def models(self) -> Collection[Model]:
        """Every version of every model."""
        return self._models.values()

    def names(self) -> list[str]:
        """Every reference, sorted by name, then version."""
        return [model.ref for model in sorted(self._models.values(), key=lambda model: (model.name, model.version))]

    def attributes(self, ref: str) -> dict[str, Attribute]:
        """Attributes by path, those of parts below `part/`; a model that is a document has the single path "".

        Raises UnsError: `unknown.model`, or what `findings` says about its parts.
        """
        known = self._attributes.get(ref)
        if known is None:
            known = self._attributes[ref] = self._expand(ref)
        return known

    def written_in(self, ref: str, path: str) -> tuple[str, str]:
        """(model, path in it) that states an attribute: the model itself, or that of a part."""
        model = self._models.get(ref)
        if model is not None and path not in model.attributes:
            for part, part_ref in model.parts.items():
                if path == part or path.startswith(f"{part}/"):
                    return self.written_in(part_ref, path[len(part) + 1 :])
        return ref, path

    def json_schema(self, subject: str | Attribute) -> dict[str, Any]:
        """JSON Schema 2020-12 of a model (by reference) or of the payload of one attribute. Raises as `attributes`."""
        if isinstance(subject, Attribute):
            return {"$schema": DIALECT} | payload_schema(subject)
        attributes = self.attributes(subject)
        model = self._models[subject]
        if model.document is not None:
            return payload_schema(model.document)
        return model_schema(subject, attributes.values(), model.description)

    def reference_finding(self, ref: str) -> Finding | None:
        """Why a model reference leads nowhere, or None. `where` is empty: the caller knows the place."""
        if ref in self._models:
            return None
        what = f"{ref_fault(ref)}."
        versions = [known for known in self.names() if known.partition("@")[0] == ref]
        if what == ".":
            what = f"no model '{ref}' is defined (known: {listed(self.names()) or 'none'})."
        near = versions[-1] if versions else nearest(ref, self._models)
        return Finding(id="model.reference", what=what, hint="Define it in models/.", nearest=near)

    def findings(self) -> Iterator[tuple[Model, Finding]]:
        """What is wrong between models: unknown parts, parts in a circle, paths taken twice."""
        for model in self._models.values():
            try:
                self.attributes(model.ref)
            except UnsError as error:
                yield model, error.finding

    def _expand(self, ref: str) -> dict[str, Attribute]:
        finding = self.reference_finding(ref)
        if finding is not None:
            raise UnsError(msgspec.structs.replace(finding, id="unknown.model"))
        found: dict[str, Attribute] = {}
        for attribute in self._walk(ref, "", (), ""):
            if attribute.path in found:
                raise UnsError(_twice(ref, attribute.path))
            found[attribute.path] = attribute
            if len(found) > MAX_ATTRIBUTES:
                what = f"the model {ref} has more than {MAX_ATTRIBUTES} attributes with its parts."
                raise UnsError(Finding(id="model.size", what=what, where="/parts", hint="Split the asset."))
        return found

    def _walk(self, ref: str, prefix: str, above: tuple[str, ...], where: str) -> Iterator[Attribute]:
        """where: the part, in the document of the model asked for, that leads here."""
        model = self._models[ref]
        if model.document is not None:
            yield msgspec.structs.replace(model.document, path=prefix.rstrip("/"))
        for path, attribute in model.attributes.items():
            yield msgspec.structs.replace(attribute, path=prefix + path) if prefix else attribute
        for part, part_ref in model.parts.items():
            part_where = where or join_pointer("/parts", part)
            yield from self._walk_part(part_ref, f"{prefix}{part}/", (*above, ref), part_where)

    def _walk_part(self, ref: str, prefix: str, above: tuple[str, ...], where: str) -> Iterator[Attribute]:
        if ref in above:
            circle = " > ".join((*above[above.index(ref) :], ref))
            what = f"models are parts of each other: {circle}."
            raise UnsError(Finding(id="model.circle", what=what, where=where, hint="Break the circle."))
        finding = self.reference_finding(ref)
        if finding is not None:
            raise UnsError(msgspec.structs.replace(finding, where=where))
        yield from self._walk(ref, prefix, above, where)


def _twice(ref: str, path: str) -> Finding:
    what = f"the path '{path}' is taken twice in model {ref}: by an attribute and by a part."
    return Finding(id="model.path_twice", what=what, where="/parts", hint="Rename the attribute or the part.")
