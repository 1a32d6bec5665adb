"""How fast is a plant back after a restart of the broker? `python -m bench.returning`: a thousand edge nodes.

Each has 50 metrics, publishes all of them every two seconds and reconnects as edge nodes do, after a random second. The
broker is killed, starts anew on its data, and the clock runs from its readiness until the host has heard all births. A
host that asks for births that come anyway makes a storm: the requests are counted.
"""

import argparse
import asyncio
import contextlib
import random
import signal
import tempfile
import time
from multiprocessing import Process
from pathlib import Path
from typing import Any

from bench.brokers import free_port
from bench.machine import this_machine
from tests.support.command import uns
from tests.support.running import RunningServer
from tests.support.until import until
from uns.mqtt import Connack, Connect, ConnectWill, Decoder, Publish, Side, Subscribe, Subscription, encode
from uns.samples import DataType, Quality, Sample
from uns.sparkplug.command import RebirthRequested
from uns.sparkplug.edge import EdgeNode

NODES, METRICS = 1000, 50
EVERY_S = 2
PROCESSES = 2
PLANT = {
    "namespace.yaml": 'tree: {acme: {}}\nopen: ["acme/#"]\n',
    "access.yaml": 'anonymous: {role: any, from: loopback}\nroles: {any: {publish: ["#"], subscribe: ["#"]}}\n',
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.returning", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--nodes", type=int, default=NODES)
    nodes = parser.parse_args().nodes
    port = free_port()
    with tempfile.TemporaryDirectory() as work:
        plant = Path(work, "plant")
        plant.mkdir()
        for name, text in PLANT.items():
            (plant / name).write_text(text)
        (plant / "uns.yaml").write_text("history: {enabled: false}\n")
        print(f"Machine: {this_machine([])}\n")
        server = _serve(plant, Path(work), port)
        share = nodes // PROCESSES
        load = [Process(target=_nodes, args=(port, first, share), daemon=True) for first in range(0, nodes, share)]
        for process in load:
            process.start()
        try:
            began = time.monotonic()
            online = until(lambda: _born(server) == nodes, "all nodes are born", 120) and time.monotonic() - began
            print(f"first start    {online:6.1f} s until {nodes} edge nodes with {METRICS} metrics each are born")
            server.process.send_signal(signal.SIGKILL)
            server.process.wait()
            time.sleep(3)
            server = _serve(plant, Path(work), port)
            began = time.monotonic()
            until(lambda: _born(server) == nodes, "all nodes are born again", 120)
            back = time.monotonic() - began
            time.sleep(5)
            shown = _shown(server)
            requests = sum(node["rebirths"]["requests"] for node in shown)
            births = sum(node["counts"].get("NBIRTH", 0) for node in shown)
            print(f"after kill -9  {back:6.1f} s from readiness until all are born again")
            print(f"rebirths       {requests:6} asked for by the host, {births} births heard")
            print(f"metrics/s      {nodes * METRICS // EVERY_S:6,} while they run")
        finally:
            for process in load:
                process.kill()
            server.stop()


def _serve(plant: Path, work: Path, port: int) -> RunningServer:
    return RunningServer(["serve", str(plant)], work, mqtt_port=port)


def _shown(server: RunningServer) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = uns("sparkplug", "nodes", env=server.env).json["nodes"]
    return nodes


def _born(server: RunningServer) -> int:
    return sum(
        node["state"] == "online" and sum(device["online"] for device in node["devices"]) for node in _shown(server)
    )


def _nodes(port: int, first: int, count: int) -> None:
    asyncio.run(_run(port, first, count))


async def _run(port: int, first: int, count: int) -> None:
    await asyncio.gather(*(_live(port, f"node{number}") for number in range(first, first + count)))


async def _live(port: int, name: str) -> None:
    node = EdgeNode("acme:ghent", name, on_finding=print)
    for number in range(METRICS):
        node.declare("press", f"m{number}", DataType.DOUBLE)
    node.join("press", _now_ms())
    while True:
        with contextlib.suppress(OSError):
            await _session(port, name, node)
        node.lost()
        await asyncio.sleep(0.5 + random.random())


async def _session(port: int, name: str, node: EdgeNode) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        will = node.will(_now_ms())
        writer.write(encode(Connect(name, 4, will=ConnectWill(will.topic, will.payload, qos=1)), 4))
        decoder, telling = Decoder(Side.CLIENT, version=4), None
        while data := await reader.read(65_536):
            for packet in decoder.receive(data):
                if isinstance(packet, Connack):
                    commands = [Subscription(topic_filter, 1) for topic_filter in node.subscriptions]
                    writer.write(encode(Subscribe(1, commands), 4))
                    _send(writer, node.births(_now_ms()))
                    telling = asyncio.create_task(_tell(node, writer))
                elif isinstance(packet, Publish):
                    for event in node.receive(packet.topic, packet.payload, _now_ms()):
                        if isinstance(event, RebirthRequested):
                            _send(writer, node.births(_now_ms()))
        if telling is not None:
            telling.cancel()
    finally:
        writer.close()


async def _tell(node: EdgeNode, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(random.random() * EVERY_S)
    while not writer.is_closing():
        now_ms = _now_ms()
        changes = [(f"m{number}", Sample(random.random(), Quality.GOOD, now_ms)) for number in range(METRICS)]
        message = node.data("press", changes, now_ms)
        _send(writer, [message] if message is not None else [])
        await asyncio.sleep(EVERY_S)


def _send(writer: asyncio.StreamWriter, messages: list[Any]) -> None:
    for message in messages:
        writer.write(encode(Publish(message.topic, message.payload), 4))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    main()
