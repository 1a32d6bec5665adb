"""How long does the loop stall under each attack? `python -m bench.attacks [NAME ...]` prints the table."""

import sys

from tests.attacks.attacks import ATTACKS
from tests.attacks.target import Target
from tests.attacks.trial import run, targets_limits


def main() -> None:
    wanted = set(sys.argv[1:])
    print(
        f"{'attack':46} {'s':>5} {'stall ms':>9} {'CPU ms':>7} {'ping p99':>9} {'ping max':>9} {'connect':>8} {'RSS MiB':>8}"
    )
    for attack in ATTACKS:
        if wanted and attack.name not in wanted:
            continue
        with Target(targets_limits(attack)) as target:
            try:
                outcome = run(attack, target)
            except AssertionError as error:
                print(f"{attack.name:46} FAILED {error}")
                continue
        waits = outcome.waits
        print(
            f"{attack.name:46} {outcome.seconds:5.1f} {outcome.stall_ms:9.1f} {outcome.cpu_stall_ms:7.1f}"
            f" {waits.ping_p99_ms:9.1f} {waits.ping_max_ms:9.1f} {waits.connect_max_ms:8.1f} {outcome.rss_growth_mib:8.1f}"
        )


if __name__ == "__main__":
    main()
