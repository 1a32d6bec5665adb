"""Which blocks are read to get all registers with few requests?

One request costs a round trip whatever its length, so neighbours are read together, small gaps included. A device
that refuses a block (exception 2, it does not have one of the addresses) makes the plan split it: first at the gaps,
then in halves, until the single register that does not exist is found. The plan keeps what it learned.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from adapters.modbus.registers import Register, Table

MAX_REGISTERS = 125
MAX_BITS = 2000
MAX_GAP = 8


class Block(msgspec.Struct, frozen=True, eq=False):
    """One read request, and the registers it serves (by address)."""

    table: Table
    start: int
    count: int
    registers: tuple[Register, ...]

    @property
    def spans(self) -> list[tuple[int, int]]:
        """The distinct (first, behind last) addresses of its registers; more than one can be split."""
        return sorted({(r.address, r.end) for r in self.registers})

    def words(self, register: Register, answer: Sequence[int]) -> Sequence[int]:
        """The part of this block's answer that belongs to a register."""
        first = register.address - self.start
        return answer[first : first + register.count]


class Plan:
    """The blocks of one poll, in the order of tables and addresses."""

    def __init__(
        self, registers: Iterable[Register], *, gap: int = MAX_GAP, max_registers: int = MAX_REGISTERS
    ) -> None:
        self._max_registers = max_registers
        self.blocks = [
            block for table in Table for block in self._merge([r for r in registers if r.table is table], gap)
        ]

    def split(self, block: Block) -> list[Block]:
        """Replace a divisible block that the device refused by smaller ones, and return them."""
        parts = list(self._merge(block.registers, gap=0))
        if len(parts) == 1:
            spans = block.spans
            middle = spans[len(spans) // 2]
            lower = [r for r in block.registers if (r.address, r.end) < middle]
            upper = [r for r in block.registers if (r.address, r.end) >= middle]
            parts = [*self._merge(lower, gap=0), *self._merge(upper, gap=0)]
        index = self.blocks.index(block)
        self.blocks[index : index + 1] = parts
        return parts

    def _merge(self, registers: Sequence[Register], gap: int) -> Iterator[Block]:
        run: list[Register] = []
        end = 0
        for register in sorted(registers, key=lambda r: (r.address, r.end)):
            limit = MAX_BITS if register.table.bits else self._max_registers
            if run and (register.address - end > gap or max(end, register.end) - run[0].address > limit):
                yield _block(run, end)
                run, end = [], 0
            run.append(register)
            end = max(end, register.end)
        if run:
            yield _block(run, end)


def _block(run: Sequence[Register], end: int) -> Block:
    return Block(run[0].table, run[0].address, end - run[0].address, tuple(run))
