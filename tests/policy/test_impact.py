"""Whom a changed policy touches."""

from copy import deepcopy
from typing import Any

from tests.policy.plants import DOCUMENTS, admission
from uns.policy.difference import topic_changes
from uns.policy.impact import LiveClient, LiveTopic, orphans, touched_publishers, touched_subscribers

LINE = "acme/ghent/packaging/line1"
TEMPERATURE = f"{LINE}/filler/temperature"
BEFORE = admission()


def without_filler() -> Any:
    documents = deepcopy(DOCUMENTS)
    line = documents["namespace"]["tree"]["acme"]["ghent"]["packaging"]["line1"]
    del line["filler"]
    return admission(documents)


def live(topic: str = TEMPERATURE, payload: bytes = b'{"value": 20}', role: str = "engineer") -> LiveTopic:
    return LiveTopic(topic, "plc-1", role, payload, retained=True)


def test_a_publisher_whose_topic_goes_is_named_with_what_it_will_get() -> None:
    (touched,) = touched_publishers(BEFORE, without_filler(), [live()])
    assert (touched.client_id, touched.count, touched.topics) == ("plc-1", 1, (TEMPERATURE,))
    assert touched.why.startswith("rejected: topic.")


def test_who_is_judged_as_before_is_not_named() -> None:
    assert touched_publishers(BEFORE, admission(), [live(), live("acme/made-up")]) == []
    assert touched_publishers(BEFORE, without_filler(), [live("$SYS/x")]) == []


def test_examples_are_few_and_the_count_is_right() -> None:
    topics = [live(f"{LINE}/filler/{name}") for name in ("temperature", "state")] * 10
    touched = touched_publishers(BEFORE, without_filler(), topics)
    assert sum(each.count for each in touched) == 20
    assert all(len(each.topics) <= 5 for each in touched)


def test_subscribers_of_what_goes_and_of_what_they_may_no_more() -> None:
    after = without_filler()
    topics = topic_changes(BEFORE.namespace, after.namespace)
    clients = [
        LiveClient("scada", "engineer", (f"{LINE}/#",)),
        LiveClient("elsewhere", "engineer", ("acme/ghent/warehouse/#",)),
        LiveClient("shared", "engineer", (f"$share/g/{TEMPERATURE}",)),
    ]
    touched = touched_subscribers(BEFORE, after, topics, clients)
    assert [(each.client_id, each.why) for each in touched] == [
        ("scada", "hears a topic that goes"),
        ("shared", "hears a topic that goes"),
    ]
    documents = deepcopy(DOCUMENTS)
    documents["access"]["roles"]["engineer"]["subscribe"] = ["acme/ghent/warehouse/#"]
    lost = touched_subscribers(BEFORE, admission(documents), topics, clients)
    assert ("scada", "loses the right to subscribe") in [(each.client_id, each.why) for each in lost]


def test_a_branch_that_is_renamed_moves_its_subscribers_and_values() -> None:
    documents = deepcopy(DOCUMENTS)
    area = documents["namespace"]["tree"]["acme"]["ghent"]["packaging"]
    area["line9"] = area.pop("line1")
    documents["namespace"]["aliases"] = [{"from": LINE, "to": "acme/ghent/packaging/line9"}]
    after = admission(documents)
    topics = topic_changes(BEFORE.namespace, after.namespace)
    touched = touched_subscribers(BEFORE, after, topics, [LiveClient("scada", "engineer", (f"{LINE}/filler/#",))])
    assert [(each.client_id, each.why) for each in touched] == [("scada", "hears a topic that moves, by an alias")]
    (publisher,) = touched_publishers(BEFORE, after, [live()])
    assert publisher.why == "warned: topic.moved"
    assert orphans(after, [live()], topics.removed).count == 0


def test_values_left_behind() -> None:
    after = without_filler()
    removed = topic_changes(BEFORE.namespace, after.namespace).removed
    assert orphans(after, [live(), live("acme/other")], removed).topics == (TEMPERATURE,)
