"""Is anything lost when the broker is killed? Load it, kill it with SIGKILL at a random instant, start it, again.

Three publishers with sessions; one subscriber that stays, one whose connection breaks now and then, one that is away
until the end. Afterwards every acknowledged message is accounted for, with each subscriber.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.client import Client, Publisher, Subscriber
from tests.support.running import RunningServer
from uns.mqtt import Connack, Connect, Decoder, Publish, Side, Suback, Subscribe, Subscription, encode

PLANT = Path(__file__).with_name("plant")
LONGEST_S = 0.8
DRAIN_S = 60.0


@dataclass
class Report:
    """What became of the acknowledged messages; `faults` is empty when every promise was kept."""

    kills: int = 0
    acknowledged: int = 0
    acknowledged_qos_2: int = 0
    delivered: int = 0
    repeated_qos_1: int = 0
    retained: int = 0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        verdict = "every promise kept" if not self.faults else f"{len(self.faults)} promises broken"
        return (
            f"{self.kills} kills, {self.acknowledged} acknowledged messages ({self.acknowledged_qos_2} at QoS 2), "
            f"{self.delivered} deliveries, {self.repeated_qos_1} repeated at QoS 1, {self.retained} retained topics: "
            f"{verdict}"
        )


async def crash(
    kills: int, work: Path, seed: int, durability: str = "fsync", tell: Callable[[str], None] = lambda text: None
) -> Report:
    """Kill `kills` times; `work` is an empty directory."""
    chance = random.Random(seed)
    publishers = [Publisher(f"publisher{number}") for number in range(3)]
    steady, flaky, away = Subscriber("steady", 2), Subscriber("flaky", 2), Subscriber("away", 2)
    environ = {"UNS_MQTT_DURABILITY": durability}
    server = await asyncio.to_thread(RunningServer, ["serve", str(PLANT)], work, environ)
    await _subscribe_once(server.mqtt_port, [steady, flaky, away])
    for number in range(kills):
        async with asyncio.TaskGroup() as tasks:
            for client in (*publishers, steady, flaky):
                tasks.create_task(client.run(server.mqtt_port))
            await asyncio.sleep(chance.uniform(0, LONGEST_S))
            if chance.random() < 0.5:
                flaky.lose()
                tasks.create_task(flaky.run(server.mqtt_port))
                await asyncio.sleep(chance.uniform(0, LONGEST_S / 4))
            server.process.kill()
        server.process.wait()
        server = await asyncio.to_thread(RunningServer, ["serve", str(PLANT)], work, environ)
        tell(f"kill {number + 1}/{kills}: {sum(len(each.acknowledged) for each in publishers)} acknowledged")
    for publisher in publishers:
        publisher.is_stopped = True
    try:
        retained = await _drain(server.mqtt_port, publishers, [steady, flaky, away])
    finally:
        server.process.kill()
        server.process.wait()
    return _account(kills, publishers, [steady, flaky, away], retained)


async def _subscribe_once(port: int, subscribers: list[Subscriber]) -> None:
    async with asyncio.TaskGroup() as tasks:
        for subscriber in subscribers:
            tasks.create_task(subscriber.run(port))
        for subscriber in subscribers:
            await subscriber.is_subscribed.wait()
            subscriber.lose()


async def _drain(port: int, publishers: list[Publisher], subscribers: list[Subscriber]) -> dict[str, int]:
    """Let everything arrive that is still on its way; then what is retained, by topic."""
    clients: list[Client] = [*publishers, *subscribers]
    async with asyncio.TaskGroup() as tasks:
        for client in clients:
            tasks.create_task(client.run(port))
        deadline = asyncio.get_running_loop().time() + DRAIN_S
        seen, quiet = -1, 0
        while quiet < 10 and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.1)
            now = sum(each.received.total() for each in subscribers)
            quiet = quiet + 1 if now == seen and all(each.is_idle for each in publishers) else 0
            seen = now
        for client in clients:
            client.lose()
    return await _retained(port)


async def _retained(port: int) -> dict[str, int]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(encode(Connect("reader", 5, True, 0, None, None, None, None), 5))
    writer.write(encode(Subscribe(1, [Subscription("crash/+/retained/#", 0)], None), 5))
    decoder, found = Decoder(Side.CLIENT, version=5), {}
    try:
        async with asyncio.timeout(2):
            while data := await reader.read(65_536):
                for packet in decoder.receive(data):
                    if isinstance(packet, Publish):
                        found[packet.topic] = int(packet.payload.split()[1])
                    else:
                        assert isinstance(packet, Connack | Suback)
    except TimeoutError:
        pass
    writer.close()
    return found


def _account(
    kills: int, publishers: list[Publisher], subscribers: list[Subscriber], retained: dict[str, int]
) -> Report:
    acknowledged = {payload: qos for publisher in publishers for payload, qos in publisher.acknowledged.items()}
    report = Report(
        kills,
        len(acknowledged),
        sum(qos == 2 for qos in acknowledged.values()),
        sum(each.received.total() for each in subscribers),
        retained=len(retained),
    )
    for subscriber in subscribers:
        for payload, qos in acknowledged.items():
            count = subscriber.received[payload]
            if not count:
                report.faults.append(f"{subscriber.client_id}: lost '{payload}' (QoS {qos})")
            elif count > 1 and qos == 2:
                report.faults.append(f"{subscriber.client_id}: got '{payload}' {count} times at QoS 2")
            elif count > 1:
                report.repeated_qos_1 += count - 1
        if subscriber.sessions_lost:
            report.faults.append(f"{subscriber.client_id}: its session was lost {subscriber.sessions_lost} times")
    for publisher in publishers:
        if not publisher.is_idle:
            report.faults.append(f"{publisher.client_id}: not everything was acknowledged in the end")
        for topic, number in publisher.retained.items():
            if retained.get(topic, 0) < number:
                report.faults.append(f"{topic}: retained is {retained.get(topic)}, acknowledged was {number}")
    return report
