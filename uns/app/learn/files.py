"""Which plant files would declare what was learned? Models as new files, the tree as an edit of namespace.yaml."""

from collections.abc import Iterable

from uns.app.edit import carry_out, changes_after
from uns.app.edit.entries import add_entries
from uns.app.edit.yaml_text import block_lines, comment, flow_text, key_text
from uns.app.plant import Plant
from uns.errors import Finding, UnsError
from uns.policy.learn import Learned, LearnedModel, Proposals
from uns.policy.tree import FILE

LONGEST_LINE = 110
_SHOWN_ASSETS = 3


def write_proposals(learned: Learned, plant: Plant, origin: str) -> Proposals:
    """What becomes of the files of a plant when these proposals are taken over; nothing is written to disk.

    origin: where the observations come from, for the head of each new file. Raises UnsError: `plant.exists` for a
    model whose file is there already, `govern.place` when namespace.yaml cannot be edited.
    """
    files = plant.files.governed
    made: dict[str, bytes] = {}
    for version in learned.versions:
        made = carry_out(version.proposal(), plant, f"Learned from {origin}.", made)
    for model in learned.models:
        if model.file in files or model.file in made:
            raise UnsError(
                Finding(
                    id="plant.exists",
                    what=f"{model.file} exists already.",
                    where=model.file,
                    hint="Apply or remove what was learned before, then learn again.",
                )
            )
        made[model.file] = "\n".join([*_model_lines(model, origin), ""]).encode()
    if learned.entries:
        text = made.get(FILE) or files.get(FILE, b"")
        made[FILE] = add_entries(text.decode("utf-8-sig"), learned.entries).encode()
    following = [new for version in learned.versions for new in version.proposal().versions]
    texts = {name: content.decode() for name, content in made.items()}
    return Proposals(learned, origin, texts, tuple(changes_after(following, plant, made)))


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
