"""Which normative statements of MQTT does the broker keep, and which cases show it? The page that says so."""

from collections import Counter

from tests.conformance.cases import CASES
from tests.conformance.coverage import shown
from tests.conformance.statements import STATEMENTS, Standard, Statement
from tests.mqtt import cases as packets


def page() -> str:
    found = shown()
    plays = sum(len(case.versions) for cases in CASES.values() for case in cases)
    lines = [
        "# MQTT conformance",
        "",
        "Every normative statement of appendix B of both standards, in our words, and where the cases stand that",
        "show that the broker keeps it. Cases are data: plays in `tests/conformance/cases/` say what clients send and",
        "what must come back, and run twice, in memory and over TCP; packets in `tests/mqtt/data/` say what their",
        "bytes mean. What binds a server has a case or a reason why not; tests hold that, and this page, true.",
        "",
        f"{sum(map(len, CASES.values()))} cases are played {2 * plays} times, in each version that they run in and on",
        f"both wires. {sum(1 for _ in packets.by_file())} packets are read or refused.",
        "",
        "| standard | statements | bind a server | with cases | with a reason | bind a client only | with cases |",
        "|---|---|---|---|---|---|---|",
    ]
    for standard in reversed(Standard):
        statements = STATEMENTS[standard].items()
        server = [(number, each) for number, each in statements if each.binds_server]
        client = [number for number, each in statements if not each.binds_server]
        cells = [
            standard.title,
            len(STATEMENTS[standard]),
            len(server),
            sum(1 for number, each in server if found[standard].get(number) or each.test),
            sum(1 for _, each in server if each.not_tested),
            len(client),
            sum(1 for number in client if found[standard].get(number)),
        ]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    lines += [
        "",
        "Where the broker may choose, the cases say what it chose. A statement that binds a client only has cases",
        "where a broker must answer who breaks it.",
    ]
    for standard in reversed(Standard):
        lines += ["", f"## {standard.title}", "", "| statement | binds | says | cases |", "|---|---|---|---|"]
        for number, statement in STATEMENTS[standard].items():
            cases = found[standard].get(number, Counter())
            cells = [f"MQTT-{number}", statement.binds, statement.says, _shown(statement, cases)]
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _shown(statement: Statement, cases: Counter[str]) -> str:
    if cases:
        return ", ".join(f"{count} in {file}" for file, count in sorted(cases.items()))
    if statement.test:
        return f"`{statement.test}`"
    return f"none: {statement.not_tested}" if statement.not_tested else ""
