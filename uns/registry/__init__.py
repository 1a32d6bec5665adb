"""Data models: what an asset publishes, as attributes and parts, as JSON Schema, and as compiled checks."""

from uns.registry.attribute import Attribute, AttributeType
from uns.registry.check import compile_check
from uns.registry.model import Model, parse_model
from uns.registry.registry import Registry

__all__ = ["Attribute", "AttributeType", "Model", "Registry", "compile_check", "parse_model"]
