"""Reads access.yaml: roles, users and what an anonymous client may do."""

from typing import Any

from uns.errors import Finding, nearest
from uns.policy.access import ADMIN, BUILT_IN, INTERNAL, Access, Anonymous, Origin, Role, User
from uns.registry.document import Fields
from uns.registry.pointer import join_pointer
from uns.topics import filter_fault

KEYS = ("roles", "users", "anonymous")
_ROLE_KEYS = ("publish", "subscribe", "description", "govern")
_PASSWORDS = ("password_hash", "password_file", "password_env")
_PROOFS = (*_PASSWORDS, "certificate")
_RESERVED_ROLES = tuple(role.name for role in BUILT_IN)


def parse_access(document: Any) -> tuple[Access, list[Finding]]:
    """The access rules in a document of access.yaml, and everything that is wrong with it.

    Rules that come with findings grant only what could be read. `where` of a finding is a JSON pointer.
    """
    findings: list[Finding] = []
    fields = Fields(document, findings, known=KEYS)
    roles = _read_roles(fields)
    known = [*_RESERVED_ROLES, *(role.name for role in roles)]
    users = _read_users(fields, known)
    return Access(roles, users, _read_anonymous(fields, known)), findings


def _read_roles(fields: Fields) -> list[Role]:
    found = []
    entries = Fields(fields.mapping("roles"), fields.findings, fields.pointer("roles"))
    for name, entry in entries.document.items():
        if name in _RESERVED_ROLES:
            what = f"the role '{name}' is built in and cannot be changed."
            entries.refuse("plant.role", name, what, hint="Choose another name.")
            continue
        role = Fields(entry, fields.findings, entries.pointer(name), known=_ROLE_KEYS)
        publish, subscribe = _read_filters(role, "publish"), _read_filters(role, "subscribe")
        found.append(Role(name, publish, subscribe, role.text("description"), role.flag("govern")))
    return found


def _read_filters(role: Fields, key: str) -> tuple[str, ...]:
    good = []
    for where, topic_filter in role.placed_texts(key):
        fault = filter_fault(topic_filter)
        if key == "publish" and topic_filter.startswith("$"):
            fault = "clients never publish on topics that begin with $"
        if topic_filter.startswith("$share/"):
            fault = "write the filter without $share: it is looked through"
        if fault:
            what = f"'{topic_filter}' is no filter for '{key}': {fault}."
            role.findings.append(Finding(id="plant.filter", what=what, where=where))
        else:
            good.append(topic_filter)
    return tuple(good)


def _read_users(fields: Fields, roles: list[str]) -> list[User]:
    found: dict[str, User] = {}
    for index, entry in enumerate(fields.items("users")):
        where = join_pointer(fields.pointer("users"), index)
        user = Fields(entry, fields.findings, where, known=("user", "role", *_PROOFS))
        user.require("user", "role")
        name, role = user.text("user"), _read_role(user, roles)
        certificate = user.flag("certificate")
        stated = [key for key in _PROOFS if user.has(key) and (certificate or key != "certificate")]
        if len(stated) != 1:
            what = f"user '{name}' needs exactly one of {', '.join(_PROOFS)}."
            user.refuse("plant.password", stated[1] if stated else None, what, hint="'uns user hash' makes a hash.")
        if name in found:
            user.refuse("plant.twice", "user", f"the user '{name}' is listed twice.", hint="Remove one.")
        elif name and role:
            found[name] = User(name, role, certificate=certificate, **{key: user.text(key) for key in _PASSWORDS})
    return list(found.values())


def _read_anonymous(fields: Fields, roles: list[str]) -> Anonymous | None:
    if not fields.has("anonymous"):
        return None
    anonymous = Fields(fields.mapping("anonymous"), fields.findings, fields.pointer("anonymous"), ("role", "from"))
    anonymous.require("role")
    role = _read_role(anonymous, roles)
    word = anonymous.text("from") or Origin.LOOPBACK
    if word not in list(Origin):
        what = f"'{word}' is no origin (known: {', '.join(Origin)})."
        anonymous.refuse("plant.origin", "from", what, nearest=nearest(word, Origin))
        return None
    return Anonymous(role, Origin(word)) if role else None


def _read_role(fields: Fields, roles: list[str]) -> str:
    role = fields.text("role")
    if not role or (role in roles and role != INTERNAL):
        return role
    known = [name for name in roles if name != INTERNAL]
    what = f"no role '{role}' is defined (known: {', '.join(known)})."
    if role == INTERNAL:
        what = f"the role '{INTERNAL}' belongs to the platform itself; no client has it."
    fields.refuse("plant.role", "role", what, nearest=nearest(role, known) or (ADMIN if role == INTERNAL else ""))
    return ""
