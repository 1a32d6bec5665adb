"""Where metrics appear, by presets, templates and maps, and that escapes can be taken back."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uns.host.projection import PRESETS, compile_projection, default_topic, escape, original, template_fault
from uns.topics import topic_fault

CASES = [
    (("acme:ghent:packaging", "line1", "filler", "temperature"), "acme/ghent/packaging/line1/filler/temperature"),
    (("acme:ghent:packaging", "line1", "", "uptime"), "acme/ghent/packaging/line1/uptime"),
    (("acme", "n", "d", "motor/speed"), "acme/n/d/motor/speed"),
    (("acme", "n", "d", "Properties/x"), "acme/n/d/Properties/x"),
    (("acme", "a:b", "d", "ns=2;s=x:y"), "acme/a%3Ab/d/ns=2;s=x%3Ay"),
    (("acme", "n", "d", "50%+#\0"), "acme/n/d/50%25%2B%23%00"),
    (("acme", "n", "d", "a\nb\ufdd0"), "acme/n/d/a%0Ab%EF%B7%90"),
    (("a::b", "n", "d", "/x//y/"), "a/%/b/n/d/%/x/%/y/%"),
    (("$SYS", "n", "d", "$x"), "%24SYS/n/d/$x"),
    (("acme", "n", "d", "Température"), "acme/n/d/Température"),
    (("acme", "n", "", "bdSeq"), None),
    (("acme", "n", "", "Node Control/Rebirth"), None),
    (("acme", "n", "d", "Device Control/Reboot"), None),
    (("acme", "n", "d", "Node Controls"), "acme/n/d/Node Controls"),
]


@pytest.mark.parametrize(("parts", "topic"), CASES)
def test_the_default_template(parts, topic):
    assert default_topic(*parts) == topic


METRIC = ("acme:ghent", "line1", "filler", "motor/speed")
OF_NODE = ("acme:ghent", "line1", "", "uptime")
TEMPLATES = [
    ("isa95", "acme/ghent/line1/filler/motor/speed", "acme/ghent/line1/uptime"),
    ("parris", "acme/ghent/line1/filler/motor/speed", "acme/ghent/line1/uptime"),
    ("cirrus", "acme%3Aghent/line1/filler/motor/speed", "acme%3Aghent/line1/uptime"),
    ("metric", "motor/speed", "uptime"),
    ("umh", "filler/motor/speed", "uptime"),
    ("{group:}/x/{node}/{device}/{metric}", "acme/ghent/x/line1/filler/motor/speed", "acme/ghent/x/line1/uptime"),
    ("plant/{metric}", "plant/motor/speed", "plant/uptime"),
    ("{metric}/{device}", "motor/speed/filler", "uptime"),
]  # fmt: skip


@pytest.mark.parametrize(("template", "of_device", "of_node"), TEMPLATES, ids=[each[0] for each in TEMPLATES])
def test_templates_and_presets(template, of_device, of_node):
    project = compile_projection(template)
    assert (project(*METRIC), project(*OF_NODE)) == (of_device, of_node)
    assert project("g", "n", "", "bdSeq") is None


def test_the_path_may_stand_in_the_device_id():
    project = compile_projection("umh")
    assert project("umh", "gateway", "acme:ghent:line1", "temperature") == "acme/ghent/line1/temperature"


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("isa59", "no preset"),
        ("{group}/{nod}/{metric}", "'{nod}' is no level"),
        ("{group}/{node}", "{metric} is missing"),
        ("{group}-{node}/{metric}", "is no level"),
        ("a//{metric}", "'' is no level"),
        ("a+/{metric}", "'a+' is no level"),
    ],
)
def test_what_is_no_template_says_why(template, fault):
    assert fault in template_fault(template)
    with pytest.raises(ValueError, match=re.escape(fault)):
        compile_projection(template)


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_are_templates(preset):
    assert template_fault(PRESETS[preset]) == ""


MAP = {
    "old/gw": "acme/brussels",
    "old/gw/plc3": "acme/ghent/line1/filler",
    "old/gw/plc3/T_101": "acme/ghent/line1/filler/temperature",
    "old/gw/plc4": "",
}
MAPPED = [
    (("old", "gw", "plc3", "T_101"), "acme/ghent/line1/filler/temperature"),
    (("old", "gw", "plc3", "motor/speed"), "acme/ghent/line1/filler/motor/speed"),
    (("old", "gw", "plc3", "50%"), "acme/ghent/line1/filler/50%25"),
    (("old", "gw", "plc4", "x"), None),
    (("old", "gw", "plc9", "x"), "acme/brussels/plc9/x"),
    (("old", "gw", "", "uptime"), "acme/brussels/uptime"),
    (("old", "gw", "", "bdSeq"), None),
    (("new", "gw", "plc3", "T_101"), "new/gw/plc3/T_101"),
]


@pytest.mark.parametrize(("parts", "topic"), MAPPED)
def test_a_map_comes_before_the_template_and_the_longest_entry_wins(parts, topic):
    assert compile_projection("isa95", MAP)(*parts) == topic


ids = st.text(st.characters(exclude_characters="/+#\0", exclude_categories=["Cs"]), min_size=1, max_size=8)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


@given(ids, ids, ids, names)
def test_every_name_makes_a_topic_from_which_it_can_be_read_again(group, node, device, metric):
    topic = default_topic(group, node, device, metric)
    if topic is None:
        return
    assert topic_fault(topic) == ""
    assert not topic.startswith("$")
    levels = [original(level) for level in topic.split("/")]
    count = group.count(":") + 1
    assert ":".join(levels[:count]) == group
    assert levels[count : count + 2] == [node, device]
    assert "/".join(levels[count + 2 :]) == metric


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/")))
def test_escapes_are_taken_back(level):
    assert original(escape(level)) == level
