"""Sparkplug B 3.0, pure: payload codec, topics, and the sessions of edge nodes and hosts as state machines."""
