"""Does the collector stay out of the way, and does nothing of a closed connection depend on it?"""

import asyncio
import gc
import weakref

from tests.broker.conftest import by_username, compile_admission
from tests.server.test_mqtt import connect
from tests.support.until import until_async
from uns.broker import Broker, Limits
from uns.mqtt import Publish, Subscribe, Subscription
from uns.server.clock import SystemClock
from uns.server.garbage import YOUNG_OBJECTS, sweep, tamed
from uns.server.mqtt import MqttListener


class Knot:
    """Something that refers to itself, and can be watched."""

    def __init__(self) -> None:
        self.itself = self


def test_survivors_are_not_looked_at_again_and_the_young_are_collected() -> None:
    with tamed():
        frozen = gc.get_freeze_count()
        kept = [[number] for number in range(10 * YOUNG_OBJECTS)]
        assert gc.get_freeze_count() - frozen > len(kept) // 2
        young = weakref.ref(Knot())
        collected = [[number] for number in range(5 * YOUNG_OBJECTS)]
        assert young() is None
        del collected
    assert gc.get_freeze_count() == 0


async def test_what_died_frozen_is_found_by_the_sweep() -> None:
    with tamed():
        old = Knot()
        gc.freeze()
        watched = weakref.ref(old)
        del old
        gc.collect()
        assert watched() is not None
        sweeping = asyncio.create_task(sweep(every_s=0.01))
        await until_async(lambda: watched() is None)
        sweeping.cancel()
        await asyncio.gather(sweeping, return_exceptions=True)


async def test_a_closed_connection_goes_without_the_collector() -> None:
    """What was frozen while it lived is freed by its references alone: connection, session, subscriptions."""
    broker = Broker(compile_admission(), SystemClock(), limits=Limits(), authenticate=by_username)
    listener = MqttListener(broker)
    port = await listener.start("127.0.0.1", 0)
    try:
        client = await connect(port, "passing")
        client.send(Subscribe(1, [Subscription("open/#", 1)], None))
        await client.next()
        client.send(Publish("open/x", b"1", 1, packet_id=1))
        await client.next()
        (connection,) = broker.connections
        session = connection.session
        assert session is not None
        before = sum(type(each).__name__ in ("Connection", "Session") for each in gc.get_objects())
        gc.disable()
        gc.freeze()
        del connection, session
        await client.close()
        await until_async(lambda: broker.stats.connections == 0)
        await asyncio.sleep(0)
        gc.unfreeze()
        after = sum(type(each).__name__ in ("Connection", "Session") for each in gc.get_objects())
        assert before - after == 2
    finally:
        gc.enable()
        await listener.stop()
