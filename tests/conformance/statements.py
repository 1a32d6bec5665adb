"""Which normative statements are there, whom do they bind, and why does one have no case?"""

from enum import StrEnum
from pathlib import Path

import msgspec
import yaml

HERE = Path(__file__).parent


class Standard(StrEnum):
    """The number is what a CONNECT names as its protocol level."""

    MQTT_311 = "mqtt311"
    MQTT_5 = "mqtt5"

    @property
    def title(self) -> str:
        return "MQTT 3.1.1" if self is Standard.MQTT_311 else "MQTT 5.0"

    @property
    def level(self) -> int:
        return 4 if self is Standard.MQTT_311 else 5


class Binds(StrEnum):
    CLIENT = "client"
    SERVER = "server"
    BOTH = "both"


class Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """says: in our words. mqtt5: the same in MQTT 5. test: a file of the tree that names the statement as `MQTT-…`."""

    binds: Binds
    says: str
    mqtt5: list[str] = []
    not_tested: str = ""
    test: str = ""

    @property
    def binds_server(self) -> bool:
        return self.binds is not Binds.CLIENT


def load(standard: Standard) -> dict[str, Statement]:
    """Statement by number (`3.1.2-7`), in the order of the standard."""
    raw = yaml.safe_load((HERE / "statements" / f"{standard}.yaml").read_text(encoding="utf-8"))
    return msgspec.convert(raw, dict[str, Statement])


STATEMENTS = {standard: load(standard) for standard in Standard}
