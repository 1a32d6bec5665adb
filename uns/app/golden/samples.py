"""Judges models/NAME.vVERSION/valid/*.json and invalid/*.json, each by the contract of its attribute."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from uns.app.golden.case import Case, Expected
from uns.errors import Finding, UnsError, nearest
from uns.registry import Registry, compile_check
from uns.registry.document import listed

KINDS = ("valid", "invalid")
_FOLDER = re.compile(r"(.+)\.v([1-9][0-9]*)")
_OFFSET = re.compile(r"\(byte (\d+)\)")


class Sample(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One golden message. attribute: its path below the asset, "" for a model that is a document.

    payload: the JSON as it is sent, byte by byte; or raw: text that need not be JSON. expect: the id of the finding,
    and at: its pointer into the payload; both for invalid ones. name: for the report.
    """

    attribute: str = ""
    payload: msgspec.Raw = msgspec.Raw()
    raw: str | None = None
    expect: str = ""
    at: str | None = None
    name: str = ""


_DECODE = msgspec.json.Decoder(Sample).decode
_DECODE_LIST = msgspec.json.Decoder(list[Sample]).decode


def run_samples(directory: Path, registry: Registry) -> Iterator[Case]:
    """Every sample below `models/`, in order of its file."""
    for folder in sorted(path for path in (directory / "models").glob("*") if path.is_dir()):
        shown = f"models/{folder.name}"
        named = _FOLDER.fullmatch(folder.name)
        ref = f"{named[1]}@{named[2]}" if named else ""
        if registry.get(ref) is None:
            folders = [known.replace("@", ".v") for known in registry.names()]
            what = f"no model has this folder (known: {listed(folders) or 'none'})."
            yield _misplaced(shown, what, near=nearest(folder.name, folders))
            continue
        for below in sorted(folder.iterdir()):
            if below.name not in KINDS or not below.is_dir():
                what = f"samples of {ref} stand in {' and '.join(KINDS)}."
                yield _misplaced(f"{shown}/{below.name}", what, near=nearest(below.name, KINDS))
                continue
            for path in sorted(below.glob("**/*.json")):
                file = f"{shown}/{below.name}/{path.relative_to(below).as_posix()}"
                yield from _run_file(path, file, ref, registry, valid=below.name == "valid")


def _run_file(path: Path, file: str, ref: str, registry: Registry, *, valid: bool) -> Iterator[Case]:
    content = path.read_bytes()
    many = content.lstrip()[:1] == b"["
    try:
        samples = _DECODE_LIST(content) if many else [_DECODE(content)]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        at = _OFFSET.search(str(error))
        line = content.count(b"\n", 0, int(at[1])) + 1 if at else 0
        keys = ", ".join(Sample.__struct_fields__)
        hint = f"A sample is an object of {keys}, or a list of them."
        finding = Finding(id="golden.form", what=f"this is no sample: {error}.", hint=hint)
        yield Case(file=file, name=path.stem, line=line, finding=finding)
        return
    for index, sample in enumerate(samples):
        name = sample.name or (f"{path.stem}[{index}]" if many else path.stem)
        yield Case(file=file, name=name, finding=_judge(sample, ref, registry, valid=valid))


def _judge(sample: Sample, ref: str, registry: Registry, *, valid: bool) -> Finding | None:
    if bool(bytes(sample.payload)) == (sample.raw is not None):
        return Finding(id="golden.form", what="a sample has either 'payload' or 'raw'.")
    if valid == bool(sample.expect):
        what = "a valid sample expects no finding." if valid else "an invalid sample says which finding it expects."
        return Finding(id="golden.form", what=what, where="/expect", hint="" if valid else "Add 'expect'.")
    expected = Expected(finding=sample.expect, at=sample.at)
    fault = expected.fault()
    if fault is not None:
        return msgspec.structs.replace(fault, where="/expect")
    try:
        attributes = registry.attributes(ref)
    except UnsError as error:
        return error.finding
    attribute = attributes.get(sample.attribute)
    if attribute is None:
        what = f"the model {ref} has no attribute '{sample.attribute}' (known: {listed(attributes)})."
        near = nearest(sample.attribute, attributes)
        return Finding(id="golden.form", what=what, where="/attribute", nearest=near)
    payload = bytes(sample.payload) if sample.raw is None else sample.raw.encode()
    return expected.compare(compile_check(attribute)(payload))


def _misplaced(file: str, what: str, *, near: str) -> Case:
    return Case(file=file, name=file.rpartition("/")[2], finding=Finding(id="golden.place", what=what, nearest=near))
