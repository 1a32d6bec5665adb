"""Who uses a model: which assets, by itself or as a part of another, and on which topics?"""

from collections.abc import Collection, Iterator, Mapping

import msgspec

from uns.errors import Finding
from uns.policy.namespace import Namespace
from uns.registry import Model, Registry
from uns.registry.document import listed
from uns.registry.lifecycle import Status


class Use(msgspec.Struct, frozen=True):
    """One place of a model on an asset. prefix: `motor/` for the attributes of a part, "" for the asset's own."""

    asset: str
    ref: str
    prefix: str

    def topic(self, path: str) -> str:
        """The topic of an attribute of the model; the path "" is the document that the place itself takes."""
        return f"{self.asset}/{self.prefix}{path}".rstrip("/")


def uses(namespace: Namespace, name: str) -> list[Use]:
    """Every place of every version of the model `name`, in the order of the tree."""
    by_ref = {ref: list(_within(namespace.registry, ref, name, "")) for ref in _refs_used(namespace)}
    return [
        Use(node.path, ref, prefix)
        for node in namespace.nodes()
        if node.model
        for prefix, ref in by_ref.get(node.model, ())
    ]


def assets_by_model(namespace: Namespace) -> dict[str, list[str]]:
    """Model reference to the assets that name it themselves."""
    found: dict[str, list[str]] = {}
    for node in namespace.nodes():
        if node.model:
            found.setdefault(node.model, []).append(node.path)
    return found


def use_findings(namespace: Namespace) -> Iterator[tuple[Model, Finding]]:
    """`model.draft_used` and `model.deprecated_used`, one for each version that somebody uses."""
    assets = assets_by_model(namespace)
    models = namespace.registry.models()
    for model in models:
        if model.status is not Status.ACTIVE:
            users = [*assets.get(model.ref, ()), *_containers(model.ref, models)]
            if users:
                yield model, _draft(model, users) if model.status is Status.DRAFT else _deprecated(model, users)


def _draft(model: Model, users: Collection[str]) -> Finding:
    return Finding(
        id="model.draft_used",
        what=f"{model.ref} is a draft and may still change, but it is used by {listed(users, 3)}.",
        where="/status",
        hint="Make it 'status: active' when its contract is settled.",
    )


def _deprecated(model: Model, users: Collection[str]) -> Finding:
    why = f" ({model.deprecated.rstrip('.')})" if model.deprecated else ""
    instead = f"Use {model.replaced_by} instead." if model.replaced_by else "Say in 'replaced_by' what to use instead."
    what = f"{model.ref} is deprecated{why}, but it is used by {listed(users, 3)}."
    return Finding(id="model.deprecated_used", what=what, where="/status", hint=instead)


def _containers(ref: str, models: Collection[Model]) -> list[str]:
    """The models that have it as a part, unless they are on their way out themselves."""
    return [model.ref for model in models if ref in model.parts.values() and model.status is not Status.DEPRECATED]


def _refs_used(namespace: Namespace) -> Mapping[str, None]:
    return dict.fromkeys(node.model for node in namespace.nodes() if node.model)


def _within(registry: Registry, ref: str, name: str, prefix: str) -> Iterator[tuple[str, str]]:
    """(prefix, reference) of each place of the model in another; those were read, so they hold no circle."""
    model = registry.get(ref)
    if model is None:
        return
    if model.name == name:
        yield prefix, ref
    for part, part_ref in model.parts.items():
        yield from _within(registry, part_ref, name, f"{prefix}{part}/")
