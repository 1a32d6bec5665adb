"""Which assertions of Sparkplug B 3.0 are kept, and which tests show it? The page that says so."""

from tests.assertions.index import Assertion, assertions, not_applicable, shown

PROFILES = {
    "edge-node": "Edge node",
    "host-application": "Host application",
    "mqtt-server-compliant": "Sparkplug Compliant MQTT Server",
    "mqtt-server-aware": "Sparkplug Aware MQTT Server",
}


def page() -> str:
    tests, reasons, known = shown(), not_applicable(), assertions()
    lines = [
        "# Sparkplug conformance",
        "",
        "uns-platform implements Sparkplug B 3.0: as edge nodes, as a host application, and as an MQTT server that",
        "knows it. Here is every normative assertion of the specification, in our words, with the tests that show it.",
        "The tests of edge nodes look at what goes over the wire, packet by packet, with MQTT 3.1.1 and with MQTT 5.",
        "",
        "| profile | required | with tests | optional | with tests | with a reason why not |",
        "|---|---|---|---|---|---|",
    ]
    for profile, title in PROFILES.items():
        of_profile = [each for each in known if profile in each.profiles]
        required = [each for each in of_profile if not each.group]
        optional = [each for each in of_profile if each.group]
        cells = [
            title,
            len(required),
            sum(each.id in tests for each in required),
            len(optional),
            sum(each.id in tests for each in optional),
            sum(each.id in reasons for each in of_profile),
        ]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    lines += ["", "The optional groups:", "", "| group | assertions | with tests |", "|---|---|---|"]
    for group in sorted({each.group for each in known if each.group}):
        members = [each for each in known if each.group == group]
        lines.append(f"| {group} | {len(members)} | {sum(each.id in tests for each in members)} |")
    for profile, title in PROFILES.items():
        lines += ["", f"## {title}", "", "| assertion | says | | tests |", "|---|---|---|---|"]
        lines += [_row(each, tests, reasons) for each in known if profile in each.profiles]
    return "\n".join(lines) + "\n"


def _row(assertion: Assertion, tests: dict[str, list[str]], reasons: dict[str, str]) -> str:
    found = tests.get(assertion.id, [])
    shown_by = ", ".join(f"`{test}`" for test in found) if found else f"none: {reasons[assertion.id]}"
    about = assertion.level + (f", {assertion.group}" if assertion.group else "")
    cells = [f"tck-id-{assertion.id}", assertion.says, about, shown_by]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
