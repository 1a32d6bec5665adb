"""What does a source tell when it is lost, silent, or cannot be written?"""

from uns.adapter import Point
from uns.edge.spec import SourceSpec
from uns.errors import Finding, nearest

SILENT_AFTER_MS = 10_000
MAX_PENDING_WRITES = 100


def ended(spec: SourceSpec) -> Finding:
    return Finding(id="source.ended", what=f"{spec.endpoint} said goodbye.", hint="It is tried again.")


def crashed(spec: SourceSpec, error: Exception, *, again: bool = True) -> Finding:
    then = "It is tried again." if again else "The source starts again with the server."
    return Finding(
        id="source.crashed",
        what=f"the adapter '{spec.adapter}' failed: {type(error).__name__}: {error}.",
        where="/adapter",
        hint=f"This is a bug of the adapter: the log has the details. {then}",
    )


def not_stored(error: OSError) -> Finding:
    return Finding(
        id="storage.bd_seq",
        what=f"the session number (bdSeq) of the edge node cannot be stored: {error}.",
        hint="Free space on the disk, or make the data directory writable again. It is tried again.",
    )


def silent(spec: SourceSpec) -> Finding:
    return Finding(
        id="source.silent",
        what=f"connected to {spec.endpoint}, but no value arrived for {SILENT_AFTER_MS // 1000} s.",
        where="/endpoint",
        hint="Check that the device is in operation and that the addresses of the points are right.",
    )


def read_only(point: Point, spec: SourceSpec, *, able: bool) -> Finding:
    why = "is not marked as writable" if able else f"cannot be written: the adapter '{spec.adapter}' only reads"
    return Finding(
        id="source.read_only",
        what=f"{point.device}/{point.name} of source '{spec.name}' {why}.",
        where=point.where(),
        hint="Add 'writable: true' to the point, if this is meant." if able else "",
    )


def too_many_writes(spec: SourceSpec) -> Finding:
    return Finding(
        id="quota.writes",
        what=f"more than {MAX_PENDING_WRITES} writes wait for {spec.endpoint}; this one is dropped.",
        hint="Write less often.",
    )


def unknown_point(spec: SourceSpec, device: str, metric: str) -> Finding:
    name = f"{device}/{metric}"
    return Finding(
        id="unknown.point",
        what=f"source '{spec.name}' has no point '{name}'.",
        nearest=nearest(name, (f"{point.device}/{point.name}" for point in spec.points)),
        hint="Add it to the source file, or correct its name.",
    )


def unconnected(spec: SourceSpec, state: str) -> Finding:
    return Finding(
        id="unreachable.source",
        what=f"source '{spec.name}' is {state}, not connected to {spec.endpoint}.",
        hint="Write again when it runs.",
    )


def host_unknown(host_id: str) -> Finding:
    return Finding(
        id="source.host_unknown",
        what=f"nothing is published before the primary host '{host_id}' says that it is online, and it has not.",
        hint="Start the host application, or correct 'primary_host'. Values are kept until then.",
    )


def host_offline(host_id: str) -> Finding:
    return Finding(
        id="source.host_offline",
        what=f"the primary host '{host_id}' is offline on this server.",
        hint="Values are kept until it is back, here or on another server of the list.",
    )
