"""Reads the files of a plant: every fault with its line and column, no connection opened."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from uns.app.plant.csv_file import CsvFile, read_csv
from uns.app.plant.file_lines import file_lines
from uns.app.plant.files import FOLDERS, SETTINGS, SINGLE, PlantFiles
from uns.app.plant.plant import Plant
from uns.app.plant.problem import Problem
from uns.app.plant.sources import read_sources
from uns.app.plant.tls import tls_findings
from uns.app.plant.yaml_file import YamlFile, read_yaml
from uns.app.settings import Settings, read_settings
from uns.edge.spec import SourceSpec
from uns.errors import Finding, nearest
from uns.policy import Access, Namespace, parse_access, parse_namespace
from uns.policy.assets import AssetTable
from uns.policy.file_lines import FileLines
from uns.policy.lint import Lint, lint, orphans
from uns.policy.model_use import use_findings
from uns.registry import Model, Registry, parse_model
from uns.registry.admit import admission_findings

FILES = (SETTINGS, *SINGLE)


def load_plant(directory: Path | str, environ: Mapping[str, str]) -> Plant:
    """The plant in a directory. Never raises for what the files hold: see `Plant.problems`."""
    directory = Path(directory)
    return load_files(PlantFiles.of(directory), directory, environ)


def load_files(files: PlantFiles, directory: Path, environ: Mapping[str, str]) -> Plant:
    """The plant that these files describe, as if they lay in `directory`; what they name beside themselves does."""
    return _load(_Reading(files, directory, environ))


def lint_plant(
    directory: Path, environ: Mapping[str, str], retained: Iterable[str] = (), deprecated: Collection[str] = ()
) -> tuple[Plant, list[Problem]]:
    """The plant in a directory, and what is odd in it, as warnings at their places.

    retained: topics that hold a retained message on a server. deprecated: references of models.
    """
    reading = _Reading(PlantFiles.of(directory), directory, environ)
    plant = _load(reading)
    found = [*lint(plant.namespace, deprecated), *orphans(plant.namespace, retained)]
    return plant, [reading.of_lint(each) for each in found]


def _load(reading: "_Reading") -> Plant:
    files, directory = reading.files, reading.directory
    settings = reading.settings()
    registry = reading.registry()
    namespace = reading.namespace(registry)
    reading.life_of_models(namespace)
    access = reading.access()
    sources, problems = read_sources(reading.folder("sources"), namespace, settings.sparkplug.template)
    reading.look_for_strays()
    plant = Plant(
        directory=directory,
        files=files,
        environ=reading.environ,
        settings=settings,
        registry=registry,
        namespace=namespace,
        access=access,
        sources=tuple(sources),
        problems=(),
        file_lines=reading.file_lines(namespace, registry, sources),
    )
    problems += [reading.of_settings(finding, warning=warning) for finding, warning in tls_findings(plant)]
    ordered = sorted([*reading.problems, *problems], key=lambda problem: (problem.file, problem.line))
    return msgspec.structs.replace(plant, problems=tuple(ordered))


class _Reading:
    """One pass over the files; collects problems."""

    def __init__(self, files: PlantFiles, directory: Path, environ: Mapping[str, str]) -> None:
        self.files = files
        self.directory = directory
        self.problems: list[Problem] = []
        self.environ = environ
        self._broken: set[str] = set()
        self._settings_file: YamlFile | None = None
        self._places: dict[str, YamlFile | CsvFile] = {}
        self._model_files: dict[str, YamlFile] = {}

    def of_settings(self, finding: Finding, *, warning: bool) -> Problem:
        """A finding about a setting, at its place in uns.yaml when it stands there, else in the environment."""
        if self._settings_file is None or finding.where not in self._settings_file.marks:
            return Problem(finding, "environment", severity="warning" if warning else "error")
        return self._settings_file.problem(finding, warning=warning)

    def of_lint(self, found: Lint) -> Problem:
        """What is odd, at the place that declares it; a topic of a running server has none."""
        file: YamlFile | CsvFile | None = None
        if found.node is not None:
            file = self._places[found.node.file]
        elif found.model is not None:
            file = self._model_files[found.model.ref]
        if file is None:
            return Problem(found.finding, "server", severity="warning")
        return file.problem(found.finding, warning=True)

    def file_lines(self, namespace: Namespace, registry: Registry, sources: Sequence[SourceSpec]) -> FileLines:
        """Where what was read is written."""
        return file_lines(namespace, registry, sources, self._model_files, self._places)

    def settings(self) -> Settings:
        file = self._settings_file = self._file("uns.yaml")
        settings, findings = read_settings(None if file is None else file.data, self.environ)
        for finding in findings:
            if finding.id == "plant.environment":
                self.problems.append(Problem(finding, "environment"))
            elif file is not None:
                self.problems.append(file.problem(finding))
        return settings

    def registry(self) -> Registry:
        """Models that could be read. References to one that could not are no findings of their own."""
        files = self._model_files
        models: list[Model] = []
        for file in self.folder("models"):
            if file.data is None and file.problems:
                continue
            read = parse_model({} if file.data is None else file.data)
            if not isinstance(read, Model):
                self.problems += [file.problem(finding) for finding in read]
                self._broken.add(_stated_ref(file.data))
            elif read.ref in files:
                what = f"the model {read.ref} is also described in {files[read.ref].file}."
                finding = Finding(id="model.twice", what=what, where="/model", hint="Count the version up.")
                self.problems.append(file.problem(finding))
            else:
                files[read.ref] = file
                models.append(read)
        self._model_files = files
        registry = Registry(models)
        for model, finding in registry.findings():
            self._add(files[model.ref], finding)
        for model, finding in admission_findings(models, ()):
            self._add(files[model.ref], finding)
        return registry

    def life_of_models(self, namespace: Namespace) -> None:
        """Warn of drafts and deprecated models that are used."""
        for model, finding in use_findings(namespace):
            self.problems.append(self._model_files[model.ref].problem(finding, warning=True))

    def namespace(self, registry: Registry) -> Namespace:
        file = self._file("namespace.yaml")
        tables = [self._read_csv(name) for name in self.files.folder("assets")]
        if file is None:
            hint = "Add it; 'uns init DIR' writes a sample."
            finding = Finding(id="plant.missing_file", what="a plant directory needs this file.", hint=hint)
            self.problems.append(Problem(finding, "namespace.yaml"))
        elif file.data is not None or not file.problems:
            namespace, findings = parse_namespace(
                {} if file.data is None else file.data, registry, [table.table for table in tables]
            )
            for finding in findings:
                self._add(file, finding)
            for table in tables:
                for finding in table.table.findings:
                    self._add(table, finding)
            if namespace is not None:
                return namespace
        empty, _ = parse_namespace({"tree": {}}, registry)
        assert empty is not None
        return empty

    def access(self) -> Access:
        file = self._file("access.yaml")
        if file is None:
            what = "without this file no client may connect."
            finding = Finding(id="plant.missing_file", what=what, hint="Add it, with roles and users.")
            self.problems.append(Problem(finding, "access.yaml", severity="warning"))
            return Access()
        if file.data is None and file.problems:
            return Access()
        access, findings = parse_access({} if file.data is None else file.data)
        self.problems += [file.problem(finding) for finding in findings]
        return access

    def folder(self, name: str) -> list[YamlFile]:
        """The YAML files of a folder that could be read, sorted by name."""
        files = [self._read(path) for path in self.files.folder(name)]
        return [file for file in files if file.data is not None or not file.problems]

    def look_for_strays(self) -> None:
        """Warn of YAML files and folders that nobody reads: `acess.yaml` would grant nothing, silently."""
        for name in self.files.others:
            is_folder = name.endswith("/")
            if not is_folder and not name.endswith((".yaml", ".yml")):
                continue
            meant = nearest(name.rstrip("/"), FOLDERS if is_folder else FILES)
            if meant or not is_folder:
                what = f"nothing reads this; a plant directory holds {', '.join((*FILES, *FOLDERS))}."
                finding = Finding(id="plant.unknown_file", what=what, nearest=meant)
                self.problems.append(Problem(finding, name.rstrip("/"), severity="warning"))

    def _file(self, name: str) -> YamlFile | None:
        return self._read(name) if name in self.files.contents or name in self.files.unreadable else None

    def _read(self, name: str) -> YamlFile:
        if name in self.files.unreadable:
            file = YamlFile(name, None, {}, [self._unreadable(name)])
        else:
            file = read_yaml(self.files.contents[name], name, self.environ)
        self.problems += file.problems
        self._places[name] = file
        return file

    def _read_csv(self, name: str) -> CsvFile:
        if name in self.files.unreadable:
            file = CsvFile(name, AssetTable(name, []), [self._unreadable(name)])
        else:
            file = read_csv(self.files.contents[name], name)
        self.problems += file.problems
        self._places[name] = file
        return file

    def _unreadable(self, name: str) -> Problem:
        what = f"the file cannot be read: {self.files.unreadable[name]}."
        return Problem(Finding(id="plant.unreadable", what=what), name)

    def _add(self, file: YamlFile | CsvFile, finding: Finding) -> None:
        """A finding, unless it only repeats that a model, whose faults are told, could not be read."""
        if finding.id in ("namespace.model", "model.reference") and file.value(finding.where) in self._broken:
            return
        self.problems.append(file.problem(finding))


def _stated_ref(document: Any) -> str:
    return f"{document.get('model')}@{document.get('version')}" if isinstance(document, dict) else ""
