"""A small plant for the tests of the API: one line with a filler, an open branch, and roles that may do little."""

from typing import Any

from uns.policy import CompiledAdmission, parse_access, parse_namespace
from uns.registry import Model, Registry, parse_model
from uns.security import hash_password

FILLER = "acme/ghent/packaging/line1/filler"
TEMPERATURE = f"{FILLER}/temperature"

MODEL: dict[str, Any] = {
    "model": "filler",
    "version": 2,
    "attributes": {
        "temperature": {
            "type": "number",
            "unit": "Cel",
            "min": -10,
            "max": 120,
            "max_age": "5s",
            "description": "Product in the bowl",
        },
        "state": {"type": "string", "enum": ["stopped", "execute"]},
        "count": {"type": "integer", "bare": True},
        "speed/setpoint": {"type": "number", "writable": True},
    },
}
NAMESPACE: dict[str, Any] = {
    "mode": "reject",
    "tree": {
        "acme": {
            "ghent": {
                "owner": "operations-ghent",
                "packaging": {
                    "line1": {
                        "filler": {"model": "filler@2", "owner": "packaging-team", "description": "Rotary filler"}
                    },
                    "line2": {"mode": "quarantine", "filler": {"model": "filler@2"}},
                    "line10": {"mode": "warn", "filler": {"model": "filler@2"}},
                },
            }
        }
    },
    "open": ["acme/+/_raw/#"],
}
PASSWORD = "blue tulip 7"
ROLES = {"ann": "line1-viewer", "ida": "integrator", "eve": "steward", "bob": "operator", "anonymous": "operator"}
ACCESS: dict[str, Any] = {
    "roles": {
        "operator": {"publish": ["acme/#"], "subscribe": ["#"]},
        "steward": {"subscribe": ["#"], "govern": True},
        "integrator": {"publish": ["spBv1.0/#"], "subscribe": ["#"]},
        "line1-viewer": {"publish": [], "subscribe": ["acme/ghent/packaging/line1/#"]},
    },
    "users": [
        {"user": "ann", "role": "line1-viewer", "password_hash": hash_password(PASSWORD)},
        {"user": "eve", "role": "steward", "password_hash": hash_password(PASSWORD)},
        {"user": "ida", "role": "integrator", "password_hash": hash_password(PASSWORD)},
        {"user": "bob", "role": "operator", "password_env": "BOB_PASSWORD"},
    ],
    "anonymous": {"role": "operator", "from": "loopback"},
}
ENVIRON = {"BOB_PASSWORD": "green tulip 8"}


def make_policy(documents: dict[str, Any] = NAMESPACE) -> CompiledAdmission:
    """The plant compiled; every document must be without a finding."""
    model = parse_model(MODEL)
    assert isinstance(model, Model), model
    registry = Registry([model])
    namespace, findings = parse_namespace(documents, registry)
    assert namespace is not None
    assert findings == []
    access, findings = parse_access(ACCESS)
    assert findings == []
    return CompiledAdmission(namespace, registry, access)
