"""Edge node and host over a network that loses and reorders: in the end both know the same."""

from hypothesis import given, settings
from hypothesis import strategies as st

from uns.samples import DataType, Quality, Sample
from uns.sparkplug.command import RebirthRequested
from uns.sparkplug.edge import EdgeNode
from uns.sparkplug.encode import encode
from uns.sparkplug.events import Born, Died, Retired, Values
from uns.sparkplug.host import HostSession, NodeState
from uns.sparkplug.payload import REBIRTH, Metric, Payload
from uns.sparkplug.rebirth import RebirthWanted
from uns.sparkplug.topic import parse_topic

START = 1_790_000_000_000
DEVICES = ("", "filler", "capper")
METRICS = ("a", "b")
NCMD = encode(Payload(START, [Metric(REBIRTH, None, DataType.BOOLEAN, True)]))


class Network:
    """One edge node and one host session. `chaos` says of each message: keep, lose, or let the next one overtake."""

    def __init__(self, chaos):
        self.now_ms = 0
        self.chaos = iter(chaos)
        self.delayed = []
        self.known = {}
        self.online = set()
        self.truth = {}
        self.node = EdgeNode("g", "n", on_finding=self.fail)
        self.session = HostSession("g/n", on_finding=self.lost)
        for device in DEVICES:
            for name in METRICS:
                self.node.declare(device, name, DataType.INT32)

    def lost(self, finding):
        """What a host says when a message did not arrive; anything else is a fault of one of the two."""
        if finding.id not in ("sparkplug.no_birth", "sparkplug.unknown_metric"):
            self.fail(finding)

    def fail(self, finding):
        raise AssertionError(str(finding))

    def send(self, messages):
        for message in messages:
            fate = next(self.chaos, "keep")
            if fate == "delay":
                self.delayed.append(message)
                continue
            held, self.delayed = self.delayed, []
            for each in [message, *held] if fate == "keep" else held:
                self.arrive(each)

    def arrive(self, message):
        topic = parse_topic(message.topic)
        self.apply(self.session.receive(topic, message.payload, START + self.now_ms, self.now_ms))

    def apply(self, events):
        wanted = False
        for event in events:
            match event:
                case Values():
                    self.known.update({(m.device, m.name): sample.value for m, sample, _ in event.values})
                case Born():
                    self.online.add(event.device)
                case Died():
                    self.online.discard(event.device)
                case Retired():
                    raise AssertionError("nothing is ever withdrawn")
                case RebirthWanted():
                    wanted = True
        if wanted:
            self.commanded(self.node.receive("spBv1.0/g/NCMD/n", NCMD, START + self.now_ms))

    def commanded(self, events):
        if RebirthRequested() in events:
            self.send(self.node.births(START + self.now_ms))

    def pass_time(self, ms):
        self.now_ms += ms
        self.apply(self.session.tick(START + self.now_ms, self.now_ms))
        self.commanded(self.node.tick(START + self.now_ms))

    def step(self, step):
        kind, device, name, value = step
        now = START + self.now_ms
        if kind == "data":
            self.truth[device, name] = value
            message = self.node.data(device, [(name, Sample(value, Quality.GOOD, now))], now)
            self.send([message] if message else [])
        elif kind == "reconnect":
            self.delayed = []  # what was under way on the old connection is lost with it
            self.node.will(now)
            self.send(self.node.births(now))
        elif device and kind == "join":
            self.send(self.node.join(device, now))
        elif device and kind == "leave":
            self.send(self.node.leave(device, now))
        self.pass_time(value)


steps = st.tuples(
    st.sampled_from(["data"] * 8 + ["join", "leave", "reconnect"]),
    st.sampled_from(DEVICES),
    st.sampled_from(METRICS),
    st.integers(0, 900),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(steps, max_size=60), st.lists(st.sampled_from(["keep"] * 4 + ["lose", "delay"]), max_size=80))
def test_edge_and_host_converge(history, chaos):
    network = Network(chaos)
    for device in DEVICES[1:]:
        network.node.join(device, START)
    network.step(("reconnect", "", "", 0))
    for step in history:
        network.step(step)

    network.chaos = iter(())  # the network has healed: whatever happens next arrives
    for _ in range(3):
        network.step(("data", "", "a", 1))
        for _ in range(4):
            network.pass_time(6000)

    assert network.session.state is NodeState.ONLINE
    joined = {device for device in DEVICES if network.node.data(device, [("b", Sample(7, Quality.GOOD, START))], START)}
    assert network.online == joined
    for (device, name), value in network.truth.items():
        if device in joined:
            assert network.known[device, name] == value
