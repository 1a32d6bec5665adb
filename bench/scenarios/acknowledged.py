"""How many QoS 1 messages per second pass, acknowledged on both sides, and what does a persistent session cost?

The rate is all messages by the time until the last one arrived. Every message that was acknowledged to the publisher
must arrive; if one does not, there is no rate.
"""

from functools import partial
from pathlib import Path

from bench.brokers import WINDOW, Broker
from bench.governed import prove_governed
from bench.payloads import GOVERNED, packet_id_at, qos1_stream
from bench.process import Worker, cpu_s
from bench.qos1 import Published, Subscriber, publish, subscriber_socket
from bench.scenario import Effort, Mark, Scenario, Taken
from bench.wire import leave, subscribe

FILTERS = ["acme/ghent/#"]
ID_AT = packet_id_at(GOVERNED[0])


def online(persistent: bool, broker: Broker, directory: Path, effort: Effort) -> Taken:
    """The subscriber is there."""
    _, length = qos1_stream(GOVERNED)
    with broker.running(directory, raised_queues=True) as running:
        if broker.governs:
            prove_governed(running.port)
        with subscriber_socket(running.port, clean=not persistent) as peer:
            subscribe(peer, FILTERS, 1)
            busy_s = cpu_s(running.pid)
            with Worker(publish, running.port, GOVERNED, effort.seconds) as publisher:
                received = Subscriber(peer, length, ID_AT).take(publisher)
                published: Published = publisher.result(0)
            busy_s = cpu_s(running.pid) - busy_s
        passed_s = max(received.last_s, published.last_s) - published.first_s
        return Taken(
            received.messages / passed_s,
            published.acknowledged,
            received.messages,
            busy_s / passed_s,
            {"sent again": received.repeated},
        )


def offline(broker: Broker, directory: Path, effort: Effort) -> Taken:
    """The subscriber has left; the rate is that of acknowledgements, and afterwards it gets every message."""
    _, length = qos1_stream(GOVERNED)
    with broker.running(directory, raised_queues=True) as running:
        if broker.governs:
            prove_governed(running.port)
        peer = subscriber_socket(running.port, clean=False)
        subscribe(peer, FILTERS, 1)
        leave(peer)
        busy_s = cpu_s(running.pid)
        with Worker(publish, running.port, GOVERNED, effort.seconds) as publisher:
            published: Published = publisher.result(effort.seconds + 60)
        busy_s = cpu_s(running.pid) - busy_s
        with subscriber_socket(running.port, clean=False) as peer:
            received = Subscriber(peer, length, ID_AT).take(None, published.acknowledged)
        passed_s = published.last_s - published.first_s
        return Taken(
            published.acknowledged / passed_s,
            published.acknowledged,
            received.messages,
            busy_s / passed_s,
            {"delivered after reconnect, msg/s": received.messages / (received.last_s - published.last_s)},
        )


_UNSYNCED = (
    "No peer fsyncs before it acknowledges, and we do (durability `fsync`): mosquitto keeps the session in memory and "
    "saves it every half hour, nats-server leaves the sync to a timer, amqtt keeps it in memory."
)
_QUEUES = "The queue limits of ours and of mosquitto are raised so that nothing is shed."

SCENARIOS = (
    Scenario(
        "qos1",
        f"QoS 1 → QoS 1, window {WINDOW}, governed",
        "msg/s",
        Mark(1.5),
        partial(online, False),
        note=_QUEUES,
    ),
    Scenario(
        "persistent",
        "QoS 1 into a persistent session, subscriber online",
        "msg/s",
        Mark(1),
        partial(online, True),
        note=_UNSYNCED,
    ),
    Scenario(
        "offline",
        "QoS 1 into a persistent session, subscriber offline",
        "msg/s",
        Mark(1),
        offline,
        note="Each acknowledged message was seen to arrive after the reconnect. " + _UNSYNCED,
    ),
)
