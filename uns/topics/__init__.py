"""Topic names, topic filters, ISA-95 paths, and the one trie that holds them all."""

from uns.topics.filter import covers, filter_fault, matches, parse_share
from uns.topics.name import has_unwanted, join, split, topic_fault
from uns.topics.path import IsaPath, Levels
from uns.topics.trie import TopicTrie

__all__ = [
    "IsaPath",
    "Levels",
    "TopicTrie",
    "covers",
    "filter_fault",
    "has_unwanted",
    "join",
    "matches",
    "parse_share",
    "split",
    "topic_fault",
]
