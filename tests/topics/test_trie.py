"""The trie, held against the one-by-one answer of `matches`."""

from hypothesis import given
from hypothesis import strategies as st

from uns.topics import TopicTrie, filter_fault, matches

LEVEL = st.sampled_from(["", "a", "b", "$x"])
NAME = st.lists(LEVEL, min_size=1, max_size=4).map("/".join).filter(bool)
FILTER = (
    st.lists(st.one_of(LEVEL, st.sampled_from(["+", "#"])), min_size=1, max_size=4)
    .map("/".join)
    .filter(lambda text: not filter_fault(text))
)


@given(st.sets(FILTER), NAME)
def test_matching_finds_the_filters_that_match(filters: set[str], topic: str) -> None:
    trie: TopicTrie[str] = TopicTrie()
    for topic_filter in filters:
        trie.set(topic_filter, topic_filter)
    assert sorted(trie.matching(topic)) == sorted(each for each in filters if matches(each, topic))


@given(st.sets(NAME), FILTER)
def test_matched_by_finds_the_topics_that_match(topics: set[str], topic_filter: str) -> None:
    trie: TopicTrie[str] = TopicTrie()
    for topic in topics:
        trie.set(topic, topic.upper())
    found = list(trie.matched_by(topic_filter))
    assert sorted(topic for topic, _ in found) == sorted(each for each in topics if matches(topic_filter, each))
    assert all(value == topic.upper() for topic, value in found)


@given(st.lists(st.tuples(st.booleans(), FILTER), max_size=30))
def test_it_holds_what_a_dictionary_would(steps: list[tuple[bool, str]]) -> None:
    trie: TopicTrie[int] = TopicTrie()
    expected: dict[str, int] = {}
    for number, (is_set, key) in enumerate(steps, 1):
        if is_set:
            trie.set(key, number)
            expected[key] = number
        else:
            assert trie.remove(key) == expected.pop(key, None)
    assert len(trie) == len(expected)
    assert all(trie.get(key) == value for key, value in expected.items())
    assert expected or not trie.children("")  # nothing is left of what was removed


def test_the_most_specific_comes_last() -> None:
    trie: TopicTrie[str] = TopicTrie()
    for key in ("a/b/c", "#", "a/+/c", "a/#", "+/b/c", "a/b/#"):
        trie.set(key, key)
    assert trie.matching("a/b/c") == ["#", "+/b/c", "a/#", "a/+/c", "a/b/#", "a/b/c"]


def test_children_are_one_level() -> None:
    trie: TopicTrie[int] = TopicTrie()
    for number, key in enumerate(["a/b/c", "a/b", "a/d/e", "f"]):
        trie.set(key, number)
    assert trie.children("") == [("a", None, 2), ("f", 3, 0)]
    assert trie.children("a") == [("b", 1, 1), ("d", None, 1)]
    assert trie.children("a/nothing") == []
    assert (trie.names(""), trie.names("a"), trie.names("a/nothing")) == (["a", "f"], ["b", "d"], [])
