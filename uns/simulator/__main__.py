"""`python -m uns.simulator`: the simulated plant alone, until SIGTERM, Ctrl-C or, with --with-parent, end of stdin."""

import argparse
import sys

from uns.errors import UnsError, answer
from uns.simulator.run import DEFAULT_MODBUS_PORT, DEFAULT_OPCUA_PORT, DEFAULT_SEED, Ready, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m uns.simulator", description="A simulated bottling plant.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--opcua-port", type=int, default=DEFAULT_OPCUA_PORT, help="0 for any (default: %(default)s)")
    parser.add_argument("--modbus-port", type=int, default=DEFAULT_MODBUS_PORT, help="0 for any (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="the same seed, the same plant")
    parser.add_argument("--with-parent", action="store_true", help="stop at the end of standard input")
    options = parser.parse_args()
    try:
        run(
            options.host,
            options.opcua_port,
            options.modbus_port,
            seed=options.seed,
            with_parent=options.with_parent,
            on_ready=_announce,
        )
    except UnsError as error:
        sys.stderr.write(f"{error}\n")
        return answer(error.finding).exit_code
    return 0


def _announce(ready: Ready) -> None:
    sys.stdout.write(f"{ready}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
