"""What is one level of a trie?

Of no concern to the garbage collector: looking at a few hundred thousand nodes that have just been made, each with a
dictionary, would stop the loop for a tenth of a second. For the same reason a dictionary that holds nothing else is of
no concern to it. So what a trie holds must be taken out of it before it can be let go: values that lead back to their
trie keep each other alive. Not compiled: mypyc would drop the option.
"""

from typing import Generic, TypeVar

import msgspec

V = TypeVar("V")


class Node(msgspec.Struct, Generic[V], gc=False):
    """value: what is stored here, or None."""

    children: "dict[str, Node[V]] | None" = None
    value: V | None = None
