"""The governed MQTT broker, pure and synchronous."""

from uns.broker.broker import Broker, ClientInfo
from uns.broker.connection import Connection
from uns.broker.identity import Answer, Authenticate, Credentials, Granted, Publisher
from uns.broker.limits import Limits
from uns.broker.local import LocalClient
from uns.broker.notices import Notice, Trouble
from uns.broker.route import Current
from uns.broker.state import State

__all__ = [
    "Answer",
    "Authenticate",
    "Broker",
    "ClientInfo",
    "Connection",
    "Credentials",
    "Current",
    "Granted",
    "Limits",
    "LocalClient",
    "Notice",
    "Publisher",
    "State",
    "Trouble",
]
