"""What does publishing cost with a hundred thousand wildcard subscriptions, compared with a hundred?

The same bulk load as in `bulk`, first with a hundred and then, on the same broker, with all of them. The filters share
their first levels with the topics that are published, and none matches. The figure is the cost of a message with all of
them by that with a hundred: 1 is flat.
"""

from pathlib import Path

from bench.brokers import Broker
from bench.payloads import GOVERNED
from bench.scenario import Against, Effort, Mark, Scenario, Taken
from bench.scenarios.bulk import rate
from bench.wire import connect, subscribe

SUBSCRIPTIONS = 100_000
FEW = 100
PER_CLIENT = 5000


def run(broker: Broker, directory: Path, effort: Effort) -> Taken:
    count = effort.count(SUBSCRIPTIONS, FEW * 2)
    with broker.running(directory) as running, connect(running.port, "bench-few") as few_peer:
        subscribe(few_peer, map(_filter, range(FEW)), 0)
        few = rate(running, GOVERNED, effort)
        peers = [connect(running.port, f"bench-many-{n}") for n in range(-(-count // PER_CLIENT))]
        for n, peer in enumerate(peers):
            subscribe(peer, map(_filter, range(max(FEW, n * PER_CLIENT), min(count, (n + 1) * PER_CLIENT))), 0)
        many = rate(running, GOVERNED, effort)
        for peer in peers:
            peer.close()
    return Taken(
        few.value / many.value,
        few.sent + many.sent,
        few.arrived + many.arrived,
        details={f"msg/s with {FEW}": few.value, "msg/s with all": many.value},
    )


def _filter(index: int) -> str:
    return f"acme/ghent/+/line1/+/n{index}" if index % 2 else f"acme/+/press{index}/line1/#"


SCENARIOS = (
    Scenario(
        "subscriptions",
        "100,000 wildcard subscriptions, cost of a publish against 100",
        "×",
        Mark(2, at_least=False, against=Against.ITSELF),
        run,
        excluded={"amqtt": "amqtt compares each message with every filter, and would need minutes for a round."},
    ),
)
