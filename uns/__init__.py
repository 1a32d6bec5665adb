"""A Unified Namespace for industry: one governed MQTT broker with adapters, history and a browse service."""

__version__ = "0.1.0"
