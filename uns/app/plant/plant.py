"""What does a plant directory say, all files together, and what is wrong with it?"""

import ssl
from pathlib import Path

import msgspec

from uns.app.plant.files import PlantFiles
from uns.app.plant.problem import Problem
from uns.app.settings import Settings
from uns.edge.spec import SourceSpec
from uns.policy import Access, CompiledAdmission, Namespace
from uns.registry import Registry
from uns.server.certificate import TlsFiles, server_context


class Plant(msgspec.Struct, frozen=True, kw_only=True):
    """One plant directory as read. With errors it holds what could be read: to look at, not to serve."""

    directory: Path
    files: PlantFiles
    settings: Settings
    registry: Registry
    namespace: Namespace
    access: Access
    sources: tuple[SourceSpec, ...]
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> list[Problem]:
        """The problems that keep the plant from being served."""
        return [problem for problem in self.problems if problem.severity == "error"]

    @property
    def record_filters(self) -> list[str]:
        """What the history records: the stated filters, or everything below each declared enterprise."""
        return self.settings.history.record or [f"{name}/#" for name in self.namespace.root.children]

    @property
    def data_directory(self) -> Path:
        return self.directory / self.settings.data

    def tls(self) -> ssl.SSLContext | None:
        """What MQTT over TLS is served with; None when it is not. Raises UnsError as `server_context` does."""
        files = self.tls_files
        return None if files is None else server_context(files)

    @property
    def tls_files(self) -> TlsFiles | None:
        """The stated files; None without a certificate."""
        mqtt = self.settings.mqtt
        if not mqtt.tls_certificate:
            return None
        return TlsFiles(
            self.directory / mqtt.tls_certificate,
            self.directory / mqtt.tls_key if mqtt.tls_key else None,
            self.directory / mqtt.tls_client_ca if mqtt.tls_client_ca else None,
        )

    def admission(self) -> CompiledAdmission:
        """The policy that the broker asks."""
        return CompiledAdmission(self.namespace, self.registry, self.access)
