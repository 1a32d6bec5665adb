"""Can MQTT over TLS be served with the files that the settings name?"""

from collections.abc import Iterator

from uns.app.plant.plant import Plant
from uns.errors import Finding, UnsError
from uns.server.certificate import shortcomings


def tls_findings(plant: Plant) -> Iterator[tuple[Finding, bool]]:
    """What is wrong, and whether it is a warning. A certificate that has ended is one: nothing but TLS suffers."""
    files, mqtt = plant.tls_files, plant.settings.mqtt
    if files is None:
        for setting in ("tls_key", "tls_client_ca"):
            if getattr(mqtt, setting):
                yield (
                    Finding(
                        id="plant.certificate",
                        what=f"mqtt.{setting} is given without a certificate: nothing listens with TLS.",
                        where=f"/mqtt/{setting}",
                        hint="Name the server's certificate in mqtt.tls_certificate.",
                    ),
                    False,
                )
        return
    try:
        for finding in shortcomings(files):
            yield finding, True
    except UnsError as error:
        yield error.finding, False
