"""On which machine, with which versions, and in which mode was it measured?"""

import importlib.util
import os
import platform
from pathlib import Path

import msgspec

from uns.app.settings import MqttSettings

CORE = ("uns.broker.door", "uns.broker.connection", "uns.mqtt.decoder")
DURABILITY = "UNS_MQTT_DURABILITY"


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What a figure means nothing without. memory_gib: of the machine; peers: name and version of each broker."""

    cpu: str
    cores: int
    memory_gib: float
    kernel: str
    python: str
    core: str
    durability: str
    brokers: list[str]

    def __str__(self) -> str:
        return (
            f"{self.cpu}, {self.cores} cores, {self.memory_gib:.0f} GiB, {self.kernel}, Python {self.python}; "
            f"broker core {self.core}, durability {self.durability}; {', '.join(self.brokers)}."
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


def _proc(path: str, key: str) -> str:
    """The first value of a key in a file of /proc, or an empty string where there is none."""
    file = Path(path)
    lines = file.read_text().splitlines() if file.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")
