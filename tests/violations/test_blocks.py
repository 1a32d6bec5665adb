"""Who may not connect: looked up at once, kept for the next run."""

import pytest

from tests.violations.conftest import Make
from uns.errors import UnsError
from uns.violations import Blocks, ViolationStore, blocks


@pytest.mark.parametrize(
    ("block", "who", "blocked"),
    [
        (("plc-1", "", ""), ("plc-1", "ann", "10.0.0.7"), True),
        (("plc-1", "", ""), ("plc-2", "ann", "10.0.0.7"), False),
        (("", "ann", ""), ("plc-1", "ann", "10.0.0.7"), True),
        (("", "ann", ""), ("plc-1", "", "10.0.0.7"), False),
        (("", "", "10.0.0.7"), ("plc-1", "", "10.0.0.7"), True),
        (("plc-1", "", "10.0.0.7"), ("plc-1", "ann", "10.0.0.7"), True),
        (("plc-1", "", "10.0.0.7"), ("plc-1", "ann", "10.0.0.8"), False),
        (("plc-1", "ann", "10.0.0.7"), ("plc-1", "ann", "10.0.0.7"), True),
        (("plc-1", "ann", ""), ("plc-1", "bob", ""), False),
    ],
)
def test_every_part_that_is_named_must_be_the_clients(
    store: ViolationStore, block: tuple[str, str, str], who: tuple[str, str, str], blocked: bool
) -> None:
    kept = Blocks(store)
    assert kept.reason(*who) == ""
    added = kept.add(*block, "floods the line", "ann", 5)
    assert bool(kept.reason(*who)) == blocked
    kept.remove(added.id)
    assert kept.reason(*who) == ""
    assert kept.remove(added.id) is None


def test_a_block_tells_what_is_blocked_and_survives(make: Make) -> None:
    store = make()
    Blocks(store).add("plc-1", "", "10.0.0.7", "floods the line", "ann", 5)
    Blocks(store).add("plc-1", "", "10.0.0.7", "still floods", "bob", 6)
    store.close()
    kept = Blocks(make())
    (block,) = kept.list()
    assert (block.reason, block.who, block.time_ms) == ("still floods", "bob", 6)
    assert kept.reason("plc-1", "", "10.0.0.7") == "client id 'plc-1' with address '10.0.0.7' is blocked: still floods"


def test_blocks_are_bounded(store: ViolationStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "MAX_BLOCKS", 1)
    kept = Blocks(store)
    kept.add("plc-1", "", "", "", "ann", 5)
    with pytest.raises(UnsError, match=r"quota\.blocks"):
        kept.add("plc-2", "", "", "", "ann", 5)
    kept.add("plc-1", "", "", "again", "ann", 6)
