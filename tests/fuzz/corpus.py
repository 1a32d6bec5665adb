"""Where does the fuzzer start? With every packet of the test cases, and whole conversations of them."""

import sys
from pathlib import Path

from tests.attacks.attacks import seed_packets
from tests.mqtt.cases import load
from uns.mqtt import Connect, Publish, Pubrel, Side, Subscribe, Subscription, encode


def seeds() -> list[bytes]:
    """Inputs of the harness: two bytes that choose, then packets."""
    found: list[bytes] = []
    for parameter in load():
        case = parameter.values[0]
        server = case.side is Side.SERVER
        version = case.version or 0
        choice = (4 | (version - 2 if version else 0) | 8) if server else version - 3
        found.append(bytes((choice, 0)) + case.wire)
        found.append(bytes((choice, 6)) + case.wire)
    for version in (4, 5):
        packets = [each for each in seed_packets() if version == 5 or not isinstance(each, Connect)]
        talk = [Connect("c", version), *packets] if version == 4 else packets
        kept = b"".join(encode(each, version) for each in talk)
        found += [bytes((4, 0)) + kept, bytes((4, 12)) + kept]
        loop = [
            Connect("me", version, False),
            Subscribe(1, [Subscription("a/#", 2), Subscription("$share/g/a/+", 1)]),
            Publish("a/b", b"1", 2, True, packet_id=3),
            Pubrel(3),
            Publish("a/b", b"2", 1, packet_id=4),
            Publish("a/c", b"3"),
        ]
        found.append(bytes((4, 0)) + b"".join(encode(each, version) for each in loop))
    return found


def write(directory: Path) -> int:
    """One file per seed; how many."""
    directory.mkdir(parents=True, exist_ok=True)
    unique = sorted(set(seeds()))
    for number, seed in enumerate(unique):
        (directory / f"seed-{number:04}").write_bytes(seed)
    return len(unique)


if __name__ == "__main__":
    sys.stdout.write(f"{write(Path(sys.argv[1]))} seeds in {sys.argv[1]}\n")
