"""Is there a model already that takes what was seen? Then equipment gets that one, and nothing new is made."""

from collections.abc import Mapping

from uns.policy.learn.infer import document_schema, kind_of
from uns.policy.learn.profile import Profile
from uns.registry import Attribute, AttributeType, Model, Registry
from uns.registry.lifecycle import Status


def existing_model(registry: Registry, name: str, profiles: Mapping[str, Profile]) -> str:
    """The newest active model of this name that has all these attributes and takes what was seen of each; or ""."""
    models = (model for ref in registry.names() if (model := registry.get(ref)) is not None)
    fitting = [model.ref for model in models if model.name == name and _takes(registry, model, profiles)]
    return fitting[-1] if fitting else ""


def _takes(registry: Registry, model: Model, profiles: Mapping[str, Profile]) -> bool:
    if model.status is not Status.ACTIVE:
        return False
    attributes = registry.attributes(model.ref)
    return all(path in attributes and fits(attributes[path], profile) for path, profile in profiles.items())


def fits(attribute: Attribute, profile: Profile) -> bool:
    """Would the attribute have taken everything in the profile? False also where the profile does not know."""
    kind = kind_of(profile)
    if attribute.schema is not None:
        return profile.documents > 0 and kind is attribute.type and attribute.schema == document_schema(profile)
    is_number = attribute.type is AttributeType.NUMBER and kind is AttributeType.INTEGER
    if (kind is not attribute.type and not is_number) or (profile.bare and not attribute.bare):
        return False
    low, high = attribute.limits
    if profile.low is not None and low is not None and profile.low < low:
        return False
    if profile.high is not None and high is not None and profile.high > high:
        return False
    return not _rules_of_text(attribute) or _takes_words(attribute, profile)


def _rules_of_text(attribute: Attribute) -> bool:
    return bool(attribute.enum or attribute.pattern) or attribute.max_length is not None


def _takes_words(attribute: Attribute, profile: Profile) -> bool:
    """Words are known where there were few; which numbers came, and what fits a pattern, is not looked at."""
    if profile.more_words or attribute.pattern or attribute.type is not AttributeType.STRING:
        return False
    longest = max(map(len, profile.words), default=0)
    short = attribute.max_length is None or longest <= attribute.max_length
    return short and (not attribute.enum or set(profile.words) <= set(attribute.enum))
