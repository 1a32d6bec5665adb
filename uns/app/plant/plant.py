"""What does a plant directory say, all files together, and what is wrong with it?"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from uns.app.plant.files import PlantFiles
from uns.app.plant.problem import Problem
from uns.app.plant.sources import owners
from uns.app.settings import Settings
from uns.edge.spec import SourceSpec
from uns.policy import Access, CompiledAdmission, Namespace
from uns.policy.file_lines import FileLines
from uns.registry import Registry
from uns.server.certificate import TlsFiles
from uns.server.renewal import Served


class Plant(msgspec.Struct, frozen=True, kw_only=True):
    """One plant directory as read. With errors it holds what could be read: to look at, not to serve.

    environ: what the variables in its files stand for.
    """

    directory: Path
    files: PlantFiles
    environ: Mapping[str, str]
    settings: Settings
    registry: Registry
    namespace: Namespace
    access: Access
    sources: tuple[SourceSpec, ...]
    problems: tuple[Problem, ...]
    file_lines: FileLines = FileLines()

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

    def tls(self, section: str) -> Served | None:
        """What TLS is served with, of the settings `mqtt` or `http`; None when it is not. Raises UnsError as
        `server_context` does."""
        files = self.tls_files(section)
        return None if files is None else Served(files)

    def tls_files(self, section: str) -> TlsFiles | None:
        """The stated files; None without a certificate."""
        settings = getattr(self.settings, section)
        if not settings.tls_certificate:
            return None
        return TlsFiles(
            self.directory / settings.tls_certificate,
            self.directory / settings.tls_key if settings.tls_key else None,
            self.directory / settings.tls_client_ca if settings.tls_client_ca else None,
            section,
        )

    def admission(self) -> CompiledAdmission:
        """The policy that the broker asks."""
        landed = owners(self.sources, self.namespace, self.settings.sparkplug.template)
        return CompiledAdmission(self.namespace, self.registry, self.access, landed)
