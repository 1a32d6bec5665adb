"""Which lines of the files that were just read are worth remembering?"""

from collections.abc import Iterable, Mapping

from uns.app.plant.csv_file import CsvFile
from uns.app.plant.yaml_file import YamlFile
from uns.edge.spec import SourceSpec
from uns.policy import Namespace
from uns.policy.file_lines import FileLine, FileLines
from uns.policy.tree import FILE
from uns.registry import Registry
from uns.registry.pointer import join_pointer


def file_lines(
    namespace: Namespace,
    registry: Registry,
    sources: Iterable[SourceSpec],
    model_files: Mapping[str, YamlFile],
    places: Mapping[str, YamlFile | CsvFile],
) -> FileLines:
    """model_files: by model reference; places: every file by its name."""
    return FileLines(
        _equipment(namespace, places),
        {ref: file.file for ref, file in model_files.items()},
        {
            (model.ref, path): _line(model_files[model.ref], pointer)
            for model in registry.models()
            for path, pointer in _attributes(model.attributes, is_document=model.document is not None)
        },
        _points(sources, places),
        {
            topic_filter: _line(places[FILE], join_pointer("/open", index))
            for index, topic_filter in enumerate(namespace.open_filters)
        },
        {alias.old: _line(places[FILE], alias.where) for alias in namespace.aliases},
    )


def _equipment(namespace: Namespace, places: Mapping[str, YamlFile | CsvFile]) -> dict[str, dict[str, int]]:
    """Many levels share the line of their wildcard."""
    found: dict[str, dict[str, int]] = {}
    for node in namespace.entries():
        lines = found.setdefault(node.file, {})
        if node.where not in lines:
            lines[node.where] = _line(places[node.file], node.where).line
    return found


def _attributes(paths: Iterable[str], *, is_document: bool) -> Iterable[tuple[str, str]]:
    if is_document:
        return [("", "/schema")]
    return ((path, join_pointer("/attributes", path)) for path in paths)


def _points(
    sources: Iterable[SourceSpec], places: Mapping[str, YamlFile | CsvFile]
) -> dict[tuple[str, str, str], FileLine]:
    by_name = {
        str(file.data.get("source")): file
        for name, file in places.items()
        if name.startswith("sources/") and isinstance(file, YamlFile) and isinstance(file.data, dict)
    }
    return {
        (source.name, point.device, point.name): _line(by_name[source.name], point.where())
        for source in sources
        for point in source.points
    }


def _line(file: YamlFile | CsvFile, where: str) -> FileLine:
    if isinstance(file, CsvFile):
        return FileLine(file.file, file.starts[int(where.split("/")[1])] + 1)
    return FileLine(file.file, file.place(where)[0])
