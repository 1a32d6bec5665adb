"""Judges tests/*.yaml: a topic, a payload and a role, against all rules of the plant."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from uns.app.golden.case import Case, Expected
from uns.app.plant.plant import Plant
from uns.app.plant.yaml_file import read_yaml
from uns.errors import Finding, nearest
from uns.policy import CompiledAdmission
from uns.policy.explain import verdict_on
from uns.registry.document import Fields
from uns.topics import topic_fault

KEYS = ("name", "topic", "payload", "raw", "role", "outcome", "finding", "at")


def run_topics(plant: Plant, environ: Mapping[str, str]) -> Iterator[Case]:
    """Every case of every file, in order."""
    admission = plant.admission()
    for path in sorted((plant.directory / "tests").glob("*.y*ml")):
        yield from _run_file(path, f"tests/{path.name}", admission, environ)


def _run_file(path: Path, shown: str, admission: CompiledAdmission, environ: Mapping[str, str]) -> Iterator[Case]:
    file = read_yaml(path.read_bytes(), shown, environ)
    for problem in file.problems:
        yield Case(file=shown, name=path.stem, line=problem.line, finding=problem.finding)
    if file.problems:
        return
    if not isinstance(file.data, list):
        what = "the file is no list of cases."
        hint = "Write '- topic: …' with what it expects, one below the other."
        yield Case(file=shown, name=path.stem, line=1, finding=Finding(id="golden.form", what=what, hint=hint))
        return
    for index, entry in enumerate(file.data):
        findings: list[Finding] = []
        fields = Fields(entry, findings, f"/{index}", known=KEYS)
        finding = _judge(fields, admission)
        finding = findings[0] if findings else finding
        place = file.problem(finding) if finding is not None else None
        line = file.marks[fields.where][0] if place is None else place.line
        name = fields.document.get("name") or fields.document.get("topic") or f"case {index + 1}"
        yield Case(file=shown, name=str(name), line=line, finding=finding)


def _judge(fields: Fields, admission: CompiledAdmission) -> Finding | None:
    """None when the case got what it expects; faults of the case itself are noted in `fields.findings`."""
    topic, role = fields.text("topic"), fields.text("role")
    at = fields.text("at") if "at" in fields.document else None
    expected = Expected(outcome=fields.text("outcome"), finding=fields.text("finding"), at=at)
    fault = topic_fault(topic)
    if fault:
        fields.refuse("golden.form", "topic", f"'{topic}' is no topic name: {fault}.")
    roles = admission.access.roles
    if role and role not in roles:
        what = f"there is no role '{role}' (known: {', '.join(sorted(roles))})."
        fields.refuse("golden.form", "role", what, nearest=nearest(role, roles))
    if not expected.outcome and not expected.finding:
        what = "the case says neither the outcome nor the finding that it expects."
        fields.refuse("golden.form", None, what, hint="Add 'outcome: accepted', or 'finding:' with an id.")
    if "raw" in fields.document and "payload" in fields.document:
        fields.refuse("golden.form", "raw", "a case has either 'payload' or 'raw'.")
    wrong = expected.fault()
    if wrong is not None:
        fields.refuse(wrong.id, wrong.where, wrong.what, nearest=wrong.nearest)
    if fields.findings:
        return None
    verdict = verdict_on(admission.rule(topic), role or None, _payload(fields))
    finding = expected.compare(verdict.finding, verdict.outcome)
    return None if finding is None else msgspec.structs.replace(finding, where=fields.where)


def _payload(fields: Fields) -> bytes | None:
    if "raw" in fields.document:
        return fields.text("raw").encode()
    return msgspec.json.encode(fields.document["payload"]) if "payload" in fields.document else None
