"""The policy of a plant: hierarchy, access and contract, compiled into one rule per topic."""

from uns.policy.access import ADMIN, INTERNAL, Access
from uns.policy.access_file import parse_access
from uns.policy.admission import CompiledAdmission, decide
from uns.policy.explain import Explanation, explain
from uns.policy.namespace import Namespace, TopicDescription
from uns.policy.namespace_file import parse_namespace

__all__ = [
    "ADMIN",
    "INTERNAL",
    "Access",
    "CompiledAdmission",
    "Explanation",
    "Namespace",
    "TopicDescription",
    "decide",
    "explain",
    "parse_access",
    "parse_namespace",
]
