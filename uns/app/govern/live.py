"""Who publishes and subscribes at this moment? A copy for a thread to look at, taken without holding up the loop."""

import asyncio

from uns.broker import Broker
from uns.policy import INTERNAL
from uns.policy.impact import LiveClient, LiveTopic

MAX_LIVE = 200_000
SLICE = 2000


async def live_topics(broker: Broker) -> list[LiveTopic]:
    """The topics that have a value, at most `MAX_LIVE`. Who published one before the last restart is judged as the
    platform itself: its role is not known any more."""
    found: list[LiveTopic] = []
    for looked_at, entry in enumerate(broker.topics.matched_by("#"), start=1):
        topic, current = entry
        publisher = current.publisher
        if publisher is not None and (current.payload or current.retained is not None):
            found.append(
                LiveTopic(
                    topic,
                    publisher.client_id,
                    publisher.role or INTERNAL,
                    current.payload,
                    current.retained is not None,
                )
            )
        if len(found) >= MAX_LIVE:
            break
        if looked_at % SLICE == 0:
            await asyncio.sleep(0)
    return found


def live_clients(broker: Broker) -> list[LiveClient]:
    """Every client with subscriptions, connected or waiting, but the parts of this server."""
    return [
        LiveClient(client.client_id, client.role, tuple(client.subscriptions))
        for client in broker.clients()
        if client.subscriptions and client.protocol != "internal"
    ]
