"""Models together: parts, circles, references, JSON Schema."""

import pytest

from uns.errors import UnsError
from uns.registry import Attribute, AttributeType, Model, Registry
from uns.registry.registry import MAX_ATTRIBUTES


def number(path: str, *, optional: bool = False) -> Attribute:
    return Attribute(path=path, type=AttributeType.NUMBER, unit="A", optional=optional)


def model(name: str, *paths: str, version: int = 1, parts: dict[str, str] | None = None) -> Model:
    return Model(name=name, version=version, attributes={path: number(path) for path in paths}, parts=parts or {})


def test_attributes_of_parts_stand_below_them() -> None:
    registry = Registry(
        [
            model("filler", "speed", parts={"motor": "motor@1", "valves/inlet": "valve@1"}),
            model("motor", "current", parts={"bearing": "bearing@1"}),
            model("bearing", "temperature"),
            Model(name="valve", version=1, schema={"type": "object"}),
        ]
    )
    attributes = registry.attributes("filler@1")
    assert list(attributes) == ["speed", "motor/current", "motor/bearing/temperature", "valves/inlet"]
    assert all(attribute.path == path for path, attribute in attributes.items())
    assert list(registry.findings()) == []
    assert [registry.written_in("filler@1", path) for path in attributes] == [
        ("filler@1", "speed"), ("motor@1", "current"), ("bearing@1", "temperature"), ("valve@1", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("models", "finding", "where"),
    [
        ([model("a", "x", parts={"b": "b@1"})], "model.reference", "/parts/b"),
        ([model("a", parts={"a": "a@1"})], "model.circle", "/parts/a"),
        ([model("a", parts={"b": "b@1"}), model("b", parts={"a": "a@1"})], "model.circle", "/parts/b"),
        ([model("a", "b/x", parts={"b": "b@1"}), model("b", "x")], "model.path_twice", "/parts"),
    ],
)
def test_faults_between_models(models: list[Model], finding: str, where: str) -> None:
    registry = Registry(models)
    faulty, found = next(registry.findings())
    assert (faulty.ref, found.id, found.where) == ("a@1", finding, where)


def test_composition_cannot_exhaust_the_memory() -> None:
    wide = [model("m0", *(f"a{index}" for index in range(10)))]
    wide += [model(f"m{depth}", parts={f"p{i}": f"m{depth - 1}@1" for i in range(10)}) for depth in range(1, 12)]
    registry = Registry(wide)
    with pytest.raises(UnsError) as error:
        registry.attributes("m11@1")
    assert error.value.finding.id == "model.size"
    assert MAX_ATTRIBUTES >= len(registry.attributes("m2@1")) == 1000


def test_unknown_models_name_a_near_one() -> None:
    registry = Registry([model("filler", "x"), model("filler", "x", version=2), model("filler", "x", version=10)])
    assert registry.names() == ["filler@1", "filler@2", "filler@10"]
    with pytest.raises(UnsError) as error:
        registry.attributes("fillr@2")
    assert (error.value.finding.id, error.value.finding.nearest) == ("unknown.model", "filler@2")
    bare_name = registry.reference_finding("filler")
    assert bare_name is not None
    assert (bare_name.id, bare_name.nearest) == ("model.reference", "filler@10")
    assert registry.reference_finding("filler@10") is None


def test_two_models_of_one_reference_are_refused() -> None:
    with pytest.raises(UnsError) as error:
        Registry([model("a", "x"), model("a", "y")])
    assert error.value.finding.id == "model.twice"


def test_json_schema_of_a_model() -> None:
    attributes = {"current": number("current"), "speed": number("speed", optional=True)}
    schema = Registry([Model(name="motor", version=3, attributes=attributes)]).json_schema("motor@3")
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == "urn:uns:model:motor:3"
    assert schema["required"] == ["current"]
    good = schema["properties"]["speed"]["oneOf"][0]["properties"]["value"]
    assert good == {"type": "number", "x-unit": "A"}


def test_json_schema_of_a_document_is_its_own() -> None:
    schema = {"type": "object", "required": ["order"]}
    assert Registry([Model(name="order", version=1, schema=schema)]).json_schema("order@1") == schema
