"""On which machine, with which versions, and in which mode was it measured?"""

import importlib.util
import os
import platform
import tempfile
from pathlib import Path

import msgspec

from uns.app.settings import MqttSettings

CORE = ("uns.broker.door", "uns.broker.connection", "uns.mqtt.decoder")
DURABILITY = "UNS_MQTT_DURABILITY"


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What a figure means nothing without.

    disk: type of the file system that the brokers write to. load: average before the run, in runnable processes.
    brokers: with their versions.
    """

    cpu: str
    cores: int
    memory_gib: float
    kernel: str
    python: str
    core: str
    durability: str
    disk: str
    load: float
    brokers: list[str]

    def __str__(self) -> str:
        return (
            f"{self.cpu}, {self.cores} cores, {self.memory_gib:.0f} GiB, {self.kernel}, Python {self.python}; "
            f"broker core {self.core}, durability {self.durability} on {self.disk}; "
            f"{'; '.join([f'load before the run {self.load:.1f}', *self.brokers])}."
        )


def this_machine(brokers: list[str]) -> Machine:
    """brokers: their names with their versions."""
    return Machine(
        cpu=_proc("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        cores=os.cpu_count() or 1,
        memory_gib=int((_proc("/proc/meminfo", "MemTotal") or "0 kB").split()[0]) / 1024**2,
        kernel=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        core="compiled" if _is_compiled() else "interpreted",
        durability=_durability(),
        disk=_file_system(Path(tempfile.gettempdir())),
        load=os.getloadavg()[0],
        brokers=brokers,
    )


def _is_compiled() -> bool:
    """Are the modules of the message path extension modules?"""
    specs = [importlib.util.find_spec(name) for name in CORE]
    return all(spec is not None and not (spec.origin or "").endswith(".py") for spec in specs)


def _durability() -> str:
    field = MqttSettings.model_fields.get("durability")
    if field is None:
        return "memory (this version has no setting)"
    default = field.default
    return os.environ.get(DURABILITY) or str(getattr(default, "value", default))


def _file_system(directory: Path) -> str:
    """Its type: on a tmpfs an fsync costs nothing, and durability is not measured."""
    mounts = [line.split()[1:3] for line in _lines("/proc/mounts")]
    above = [(mount, kind) for mount, kind in mounts if directory.resolve().is_relative_to(mount)]
    return max(above, key=lambda each: len(each[0]))[1] if above else "?"


def _proc(path: str, key: str) -> str:
    """The first value of a key in a file of /proc, or an empty string where there is none."""
    return next((line.partition(":")[2].strip() for line in _lines(path) if line.startswith(key)), "")


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text().splitlines() if file.exists() else []
