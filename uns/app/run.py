"""How does a command run the server: event loop, signals, log, and the overrides of the command line?"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from uns.app.edge import EdgeReport, run_edge
from uns.app.listeners import Addresses
from uns.app.plant import Plant, load_plant
from uns.app.report import problem_lines
from uns.app.serve import DevicesReady, serve
from uns.errors import Finding, UnsError

SWITCH_S = 0.001
"""How long a busy thread keeps the loop from the interpreter, each time the loop has waited for a socket. Python's own
5 ms come several times in one exchange, and ten thousand assets that are compiled beside it take seconds."""
LOG_FORMAT = "%(asctime)s %(levelname)-7s %(message)s"


def load_valid_plant(directory: Path, environ: Mapping[str, str]) -> Plant:
    """The plant, with its problems printed on stderr; raises UnsError (`plant.invalid`) when one is an error."""
    plant = load_plant(directory, environ)
    for problem in plant.problems:
        print(*problem_lines(problem, directory), sep="\n", file=sys.stderr)  # noqa: T201
    if plant.errors:
        raise UnsError(
            Finding(
                id="plant.invalid",
                what=f"{directory} cannot be served: {len(plant.errors)} of the problems above are errors.",
                hint=f"Mend them; 'uns check {directory}' tells the same without starting anything.",
            )
        )
    return plant


def load_edge(directory: Path, environ: Mapping[str, str]) -> Plant:
    """The plant as far as an edge node needs it: settings and sources, the models where there are any. Raises UnsError
    (`plant.invalid`) when one of these is wrong."""
    plant = load_plant(directory, environ)
    governed = (directory / "namespace.yaml").exists()
    told = [problem for problem in plant.problems if governed or problem.finding.id != "source.undeclared"]
    told = [problem for problem in told if governed or problem.file.startswith(("uns.yaml", "sources/", "environment"))]
    for problem in told:
        print(*problem_lines(problem, directory), sep="\n", file=sys.stderr)  # noqa: T201
    errors = [problem for problem in told if problem.severity == "error"]
    if errors:
        what = f"{directory} cannot be published: {len(errors)} of the problems above are errors."
        raise UnsError(Finding(id="plant.invalid", what=what, hint="Mend them."))
    return plant


def run_edge_until_stopped(
    directory: Path, data: Path | None, environ: Mapping[str, str], on_ready: Callable[[int], None]
) -> list[EdgeReport]:
    """`uns edge` until SIGINT or SIGTERM; how each source did."""
    plant = load_edge(directory, environ)
    reports: list[EdgeReport] = []

    async def main(stop: asyncio.Event) -> None:
        reports.extend(await run_edge(plant, data or plant.data_directory, stop, on_ready))

    _log_to_stderr()
    run_until_stopped(main)
    return reports


def environment(mqtt_port: int | None, http_port: int | None) -> dict[str, str]:
    """The process environment with the ports of the command line, which win over everything."""
    environ = dict(os.environ)
    if mqtt_port is not None:
        environ["UNS_MQTT_PORT"] = str(mqtt_port)
    if http_port is not None:
        environ["UNS_HTTP_PORT"] = str(http_port)
    return environ


def run(
    plant: Plant, data: Path, on_ready: Callable[[Addresses], None], devices_ready: DevicesReady | None = None
) -> None:
    """Serve until SIGINT or SIGTERM. devices_ready: see `serve`."""
    _log_to_stderr()
    run_until_stopped(lambda stop: serve(plant, data, stop, on_ready, devices_ready))


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT, stream=sys.stderr)
    for noisy in ("asyncua", "pymodbus", "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


def run_until_stopped(main: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine on the fastest event loop there is, with an event that the first signal sets.

    A second signal ends the process at once, for whoever cannot wait.
    """
    sys.setswitchinterval(SWITCH_S)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_with_signals(main))


async def _with_signals(main: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask_to_stop() -> None:
        stop.set()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ask_to_stop)
    await main(stop)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
