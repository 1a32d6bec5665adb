"""The governed MQTT broker, pure and synchronous."""

from uns.broker.address import host_of
from uns.broker.broker import Broker, ClientInfo
from uns.broker.compiled import is_compiled
from uns.broker.connection import Connection
from uns.broker.identity import ASSIGNED_PREFIX, Answer, Authenticate, Blocked, Credentials, Granted, Publisher
from uns.broker.kept import Batch, Delivery, Reading, Retained, SessionRow, Snapshot, StoredMessage, Will
from uns.broker.ledger import Ledger, Urgency
from uns.broker.limits import Limits
from uns.broker.local import LocalClient
from uns.broker.notices import Notice, Trouble
from uns.broker.route import Current
from uns.broker.state import State
from uns.broker.subscriptions import SubscriptionInfo, SubscriptionOptions
from uns.broker.turns import TURN_MS

__all__ = [
    "ASSIGNED_PREFIX",
    "TURN_MS",
    "Answer",
    "Authenticate",
    "Batch",
    "Blocked",
    "Broker",
    "ClientInfo",
    "Connection",
    "Credentials",
    "Current",
    "Delivery",
    "Granted",
    "Ledger",
    "Limits",
    "LocalClient",
    "Notice",
    "Publisher",
    "Reading",
    "Retained",
    "SessionRow",
    "Snapshot",
    "State",
    "StoredMessage",
    "SubscriptionInfo",
    "SubscriptionOptions",
    "Trouble",
    "Urgency",
    "Will",
    "host_of",
    "is_compiled",
]
