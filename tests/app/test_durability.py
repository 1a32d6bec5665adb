"""What `durability: memory` leaves of an earlier run that kept something."""

from tests.crash.crashes import PLANT
from tests.support.running import RunningServer
from uns.persistence import BrokerStore


def test_a_run_that_keeps_nothing_puts_the_file_of_an_earlier_one_aside(tmp_path) -> None:
    data = tmp_path / "data"
    BrokerStore(data / "broker.db").close()
    server = RunningServer(["serve", str(PLANT)], tmp_path, {"UNS_MQTT_DURABILITY": "memory"})
    server.stop()
    assert not (data / "broker.db").exists()
    assert (data / "broker.db.unused").exists()
    assert "broker.db of an earlier run is put aside" in server.log
