"""Which plant files would declare what was learned? Models as new files, the tree as an edit of namespace.yaml."""

from collections.abc import Iterable, Mapping

from uns.app.edit.entries import add_entries
from uns.app.edit.yaml_text import block_lines, comment, flow_text, key_text
from uns.app.govern.directory import file_changes
from uns.errors import Finding, UnsError
from uns.policy.learn import Learned, LearnedModel, Proposals
from uns.policy.tree import FILE

LONGEST_LINE = 110
_SHOWN_ASSETS = 3


def write_proposals(learned: Learned, files: Mapping[str, bytes], origin: str) -> Proposals:
    """What becomes of plant files when these proposals are taken over; nothing is written to disk.

    origin: where the observations come from, for the head of each new file. Raises UnsError: `plant.exists` for a
    model whose file is there already, `govern.place` when namespace.yaml cannot be edited.
    """
    made: dict[str, str] = {}
    for model in learned.models:
        if model.file in files:
            raise UnsError(
                Finding(
                    id="plant.exists",
                    what=f"{model.file} exists already.",
                    where=model.file,
                    hint="Apply or remove what was learned before, then learn again.",
                )
            )
        made[model.file] = "\n".join([*_model_lines(model, origin), ""])
    if learned.entries:
        made[FILE] = add_entries(files.get(FILE, b"").decode("utf-8-sig"), learned.entries)
    contents = {name: text.encode() for name, text in made.items()}
    before = {name: content for name, content in files.items() if name in contents}
    return Proposals(learned, origin, made, tuple(file_changes(before, contents)))


def _model_lines(model: LearnedModel, origin: str) -> Iterable[str]:
    shown = ", ".join(model.assets[:_SHOWN_ASSETS])
    more = f" and {len(model.assets) - _SHOWN_ASSETS} more" if len(model.assets) > _SHOWN_ASSETS else ""
    yield comment(f"Learned from {origin}. A proposal: look at each line before you apply it.")
    yield f"model: {model.name}"
    yield "version: 1"
    yield f"description: {flow_text(f'Learned from {shown}{more}')}"
    yield "attributes:"
    for attribute in model.attributes:
        told = comment(f"{attribute.confidence}: {attribute.evidence}")
        line = f"  {key_text(attribute.path)}: {flow_text(attribute.keys)}"
        if len(line) <= LONGEST_LINE:
            yield f"{line}  {told}"
        else:
            yield f"  {key_text(attribute.path)}:  {told}"
            yield from block_lines(attribute.keys, 4)
