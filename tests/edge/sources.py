"""A source document to change, and a store that forgets at the end of the test."""

from typing import Any

from uns.edge.spec import SourceSpec, parse_source


def document(**changes: Any) -> dict[str, Any]:
    return {
        "source": "line1",
        "adapter": "opcua",
        "edge": "acme:ghent:packaging/line1",
        "endpoint": "opc.tcp://plc:4840",
        "devices": {"filler": {"temperature": {"node": "ns=2;s=t"}}},
    } | changes


def parsed(source: Any) -> SourceSpec:
    spec = parse_source(source)
    assert isinstance(spec, SourceSpec), spec
    return spec


class MemoryBdSeq:
    def __init__(self, bd_seq: int = 0) -> None:
        self.bd_seq = bd_seq

    def load(self) -> int:
        return self.bd_seq

    def save(self, bd_seq: int) -> None:
        self.bd_seq = bd_seq
