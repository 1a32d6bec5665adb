"""What does Prometheus see? Counters that the parts keep anyway, read when it asks; no label per topic."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from uns.api.platform import Platform
from uns.api.streams import Streams
from uns.source_status import SourceState

BROKER_GAUGES = {
    "connections": "MQTT connections now.",
    "sessions": "MQTT sessions now, connected or waiting.",
    "sessions_connected": "MQTT sessions that are connected now.",
    "sessions_maximum": "The most MQTT sessions that were connected at once.",
    "topics": "Topics known now.",
    "retained": "Retained messages now.",
    "retained_bytes": "Bytes of retained messages.",
    "current_bytes": "Bytes of large values that are not retained, and of the names of topics that retain nothing.",
    "client_bytes": "Bytes of sessions, their names and filters, topic aliases and wills.",
    "queued_bytes": "Bytes queued for or in flight to sessions, at the last look.",
    "unsent_bytes": "Bytes that slow connections have not read, at the last look.",
    "unfinished_bytes": "Bytes of packets and frames that came in part, at the last look.",
    "memory_bytes": "All of these together, against mqtt.max_memory_bytes.",
}
BROKER_COUNTERS = {
    "messages_in": "Messages offered to the door.",
    "messages_moved": "Messages on an old path, taken under the new one.",
    "messages_out": "Messages delivered to MQTT clients.",
    "bytes_in": "Bytes received from MQTT clients.",
    "bytes_out": "Bytes sent to MQTT clients.",
    "control_in": "Packets received that are no PUBLISH.",
    "control_out": "Packets sent that are no PUBLISH.",
    "control_bytes_in": "Bytes of received packets that are no PUBLISH.",
    "control_bytes_out": "Bytes of sent packets that are no PUBLISH.",
    "publishes_refused": "Messages refused or quarantined.",
    "publishes_unkept": "Messages refused because the disk could not keep them.",
    "sessions_expired": "Sessions that ended because their client did not return in time.",
    "violations": "Messages that broke a rule, also those delivered.",
    "subscribes_refused": "Subscriptions refused.",
    "connections_opened": "Network connections that came.",
    "connects": "CONNECT packets.",
    "connects_refused": "Connections refused.",
    "connects_blocked": "Connections refused because somebody blocked the client, its user or its address.",
    "connect_timeouts": "Connections closed because no CONNECT came in time.",
    "keep_alive_timeouts": "Connections closed because no whole packet came for 1.5 times their keep-alive.",
    "sessions_refused": "Connections refused because there are too many sessions.",
    "subscriptions_over_quota": "Subscriptions refused because a client has too many.",
    "reads_slowed": "Times that a client was read more slowly because it sent too fast.",
    "quota_refused": "Messages refused because of a quota: size of properties, retained messages, memory, topics.",
    "retained_refused": "Messages refused because too much is retained.",
    "memory_refused": "Messages of QoS 1 and 2, long filters and large wills refused because memory was short.",
    "memory_cut": "Connections closed because memory was short and they held most of it.",
    "protocol_errors": "Connections closed because they broke the MQTT standard.",
    "validator_errors": "Messages that a contract failed to judge: a defect.",
    "receiver_errors": "Messages that a part of this server failed to take: a defect.",
    "queue_shed": "Messages shed because a session's queue was full.",
    "slow_shed": "QoS 0 messages shed because a connection was too slow.",
    "too_large_shed": "Messages shed because they exceed a client's packet limit.",
    "expired": "Messages that expired undelivered.",
    "topics_forgotten": "Topics without a retained message that made room for others.",
}
PART_GAUGES = {
    "violations_stored": "Violations kept in violations.db.",
    "violations_held": "Of those, messages that wait in quarantine.",
    "violation_groups": "Groups of violations in the inbox.",
    "violations_pending": "Violations that wait to be written.",
    "tls_handshakes": "TLS handshakes under way now.",
    "history_pending": "Values that wait to be written to the history.",
}
PART_COUNTERS = {
    "violations_shed": "Old violations that gave way to new ones.",
    "violations_aged": "Violations that became older than violations.max_age_days.",
    "violations_muted": "Violations that were only counted because their group is muted.",
    "violation_groups_shed": "Groups that gave way to new ones.",
    "violations_dropped": "Violations lost because the disk refused until the buffer was full.",
    "violations_write_failures": "Attempts to write violations that the disk refused.",
    "login_failures": "Logins refused, over MQTT and HTTP.",
    "tls_handshake_failures": "TLS handshakes that came to nothing; the log tells each kind once.",
    "persistence_commits": "Commits of sessions and retained messages to broker.db.",
    "persistence_write_failures": "Attempts to write broker.db that the disk refused.",
    "history_recorded": "Values written to the history.",
    "history_shed": "Values lost to the history because its buffer was full.",
    "history_refused": "Values that the history could not take.",
    "history_write_failures": "Attempts to write the history that the disk refused.",
}
"""Of the parts beside the broker; those that are turned off are left out."""


class PlatformMetrics(Collector):
    """Reads the platform at each scrape."""

    def __init__(self, platform: Platform, streams: Streams) -> None:
        self._platform = platform
        self._streams = streams

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("uns_build", "Version of the server.", {"version": self._platform.version})
        yield GaugeMetricFamily("uns_start_time_seconds", "When it started.", self._platform.started_ms / 1000)
        yield from self._broker()
        yield from self._sources()
        yield GaugeMetricFamily("uns_http_streams", "Open event streams.", len(self._streams))
        yield GaugeMetricFamily("uns_http_stream_buffered", "Values that wait for a client.", self._streams.buffered)
        yield CounterMetricFamily("uns_http_stream_dropped", "Values shed by event streams.", self._streams.dropped)
        yield from self._parts()

    def describe(self) -> list[Metric]:
        """Nothing in advance: registering must not read the platform."""
        return []

    def _broker(self) -> Iterator[Metric]:
        counted = self._platform.broker.stats.snapshot()
        for name, text in BROKER_GAUGES.items():
            yield GaugeMetricFamily(f"uns_broker_{name}", text, counted[name])
        for name, text in BROKER_COUNTERS.items():
            yield CounterMetricFamily(f"uns_broker_{name}", text, counted[name])

    def _parts(self) -> Iterator[Metric]:
        for name, value in self._platform.part_figures().items():
            if name in PART_GAUGES:
                yield GaugeMetricFamily(f"uns_{name}", PART_GAUGES[name], value)
            else:
                yield CounterMetricFamily(f"uns_{name}", PART_COUNTERS[name], value)

    def _sources(self) -> Iterator[Metric]:
        state = GaugeMetricFamily("uns_source_state", "1 for the state a source is in.", labels=["source", "state"])
        rate = GaugeMetricFamily("uns_source_values_per_second", "Values read.", labels=["source"])
        missing = GaugeMetricFamily("uns_source_points_missing", "Points the device does not know.", labels=["source"])
        reconnects = CounterMetricFamily("uns_source_reconnects", "Connections made anew.", labels=["source"])
        dropped = CounterMetricFamily("uns_source_dropped", "Values shed by full buffers.", labels=["source"])
        for source in self._platform.sources.states():
            for name in SourceState:
                state.add_metric([source.name, name], float(source.state == name))
            rate.add_metric([source.name], source.rate_per_s)
            missing.add_metric([source.name], source.points_missing)
            reconnects.add_metric([source.name], source.reconnects)
            dropped.add_metric([source.name], source.dropped)
        yield from (state, rate, missing, reconnects, dropped)


def make_registry(platform: Platform, streams: Streams) -> CollectorRegistry:
    """A registry of this server alone, with the process's memory, processor and garbage collector."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    registry.register(PlatformMetrics(platform, streams))
    return registry
