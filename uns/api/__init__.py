"""The HTTP API: browse, history, streams, violations, check and publish."""

from uns.api.app import create_app, end_streams, replace_policy
from uns.api.platform import Platform, TopicSource

__all__ = ["Platform", "TopicSource", "create_app", "end_streams", "replace_policy"]
