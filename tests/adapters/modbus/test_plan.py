"""Few requests, and what a refusal teaches."""

from adapters.modbus.plan import Block, Plan
from adapters.modbus.registers import Register, parse_register


def registers(*places: str, type_: str = "") -> list[Register]:
    made = []
    for place in places:
        register, findings = parse_register({"register": place, "type": type_} if type_ else {"register": place})
        assert register is not None, findings
        made.append(register)
    return made


def spans(blocks: list[Block]) -> list[tuple[str, int, int]]:
    return [(str(block.table), block.start, block.count) for block in blocks]


def test_neighbours_and_small_gaps_share_a_block() -> None:
    plan = Plan(registers("holding:20", "holding:0", "holding:9", "holding:10", "input:3"))
    assert spans(plan.blocks) == [("holding", 0, 11), ("holding", 20, 1), ("input", 3, 1)]


def test_a_gap_of_eight_is_read_along_and_nine_is_not() -> None:
    assert spans(Plan(registers("holding:0", "holding:9")).blocks) == [("holding", 0, 10)]
    assert spans(Plan(registers("holding:0", "holding:10")).blocks) == [("holding", 0, 1), ("holding", 10, 1)]


def test_a_block_has_at_most_125_registers_and_never_cuts_a_value() -> None:
    plan = Plan(registers(*(f"holding:{n}" for n in range(0, 252, 2)), type_="float32"))
    assert spans(plan.blocks) == [("holding", 0, 124), ("holding", 124, 124), ("holding", 248, 4)]


def test_a_block_has_at_most_2000_bits() -> None:
    plan = Plan(registers(*(f"coil:{n}" for n in range(2500))))
    assert spans(plan.blocks) == [("coil", 0, 2000), ("coil", 2000, 500)]


def test_a_value_inside_another_does_not_shorten_the_block() -> None:
    wide, narrow = registers("holding:0", type_="uint64") + registers("holding:1")
    block = Plan([wide, narrow]).blocks[0]
    assert (block.start, block.count) == (0, 4)
    assert list(block.words(narrow, [10, 11, 12, 13])) == [11]


def test_a_refused_block_is_split_at_its_gaps_first() -> None:
    plan = Plan(registers("holding:0", "holding:1", "holding:5"))
    assert spans(plan.split(plan.blocks[0])) == [("holding", 0, 2), ("holding", 5, 1)]
    assert spans(plan.blocks) == [("holding", 0, 2), ("holding", 5, 1)]


def test_then_in_halves_until_the_wrong_register_is_alone() -> None:
    plan = Plan(registers(*(f"holding:{n}" for n in range(64))))
    reads, queue = 0, list(plan.blocks)
    while queue:
        block = queue.pop()
        reads += 1
        if block.start <= 37 < block.start + block.count and len(block.spans) > 1:
            queue += plan.split(block)
    assert ("holding", 37, 1) in spans(plan.blocks)
    assert reads == 13
    assert sorted(n for block in plan.blocks for n in range(block.start, block.start + block.count)) == list(range(64))


def test_bits_of_one_register_stay_together() -> None:
    low, _ = parse_register({"register": "holding:4", "bit": 0})
    high, _ = parse_register({"register": "holding:4", "bit": 9})
    assert low is not None
    assert high is not None
    assert Plan([low, high]).blocks[0].spans == [(4, 5)]
