"""Where does who comes later find the births of the edge nodes? Retained on `$sparkplug/certificates/…`, as a Sparkplug
Aware MQTT Server keeps them: `#` and `+/…` do not reach that branch, and only the platform publishes there."""

from uns.link import Link, Message
from uns.sparkplug.aware import BIRTH_FILTERS, certificate_topic


class BirthCertificates:
    """Keeps the latest birth of each edge node and device; `start`, then `stop`.

    tck-id-conformance-mqtt-aware-store, …-nbirth-mqtt-retain, …-dbirth-mqtt-retain
    """

    def __init__(self, link: Link) -> None:
        self._link = link

    def start(self) -> None:
        self._link.open()
        for topic_filter in BIRTH_FILTERS:
            self._link.subscribe(topic_filter, self._keep)

    def stop(self) -> None:
        self._link.close()

    def _keep(self, message: Message) -> None:
        self._link.publish(certificate_topic(message.topic), message.payload, retain=True)
