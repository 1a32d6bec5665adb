"""The default template, and that its escapes can be taken back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uns.host.projection import default_topic, escape, original
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
