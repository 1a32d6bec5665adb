"""How long does the loop stall under each attack? `python -m bench.attacks [NAME ...]` prints the table.

stall: the longest time between two turns of the loop; CPU: the processor time of the worst one, which other processes
on the machine do not lengthen; ping, connect: round trips of a client beside the attack; RSS: growth afterwards.
"""

import sys

from tests.attacks.attacks import ATTACKS
from tests.attacks.target import Target
from tests.attacks.trial import Outcome, run, targets_limits

HEAD = ("attack", "s", "stall ms", "CPU ms", "ping p99", "ping max", "connect", "RSS MiB")


def main() -> None:
    wanted = set(sys.argv[1:])
    print(f"{HEAD[0]:42}" + "".join(f"{name:>10}" for name in HEAD[1:]))
    worst: list[Outcome] = []
    for attack in ATTACKS:
        if wanted and attack.name not in wanted:
            continue
        with Target(targets_limits(attack)) as target:
            try:
                outcome = run(attack, target)
            except AssertionError as error:
                print(f"{attack.name:42} FAILED {error}")
                continue
        worst.append(outcome)
        print(f"{attack.name:42}" + "".join(f"{number:10.1f}" for number in _row(outcome)), flush=True)
    if worst:
        columns = [max(column) for column in zip(*map(_row, worst), strict=True)]
        print(f"{'worst':42}" + "".join(f"{number:10.1f}" for number in columns))


def _row(outcome: Outcome) -> list[float]:
    waits = outcome.waits
    times = [outcome.seconds, outcome.stall_ms, outcome.cpu_stall_ms]
    return [*times, waits.ping_p99_ms, waits.ping_max_ms, waits.connect_max_ms, outcome.rss_growth_mib]


if __name__ == "__main__":
    main()
