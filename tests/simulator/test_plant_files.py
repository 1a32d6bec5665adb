"""The plant directory describes exactly what the servers show: no orphan in either direction."""

from importlib import resources
from random import Random

import pytest

from adapters.modbus.registers import parse_register
from tests.simulator.plant_files import PLATFORM_KEYS, ROOT, attributes, document, models, points, registry, sources
from uns.app.plant import load_plant
from uns.policy import parse_access, parse_namespace
from uns.simulator.modbus_map import REGISTERS, UNIT_ID
from uns.simulator.opcua_server import NAMESPACE_INDEX, PATH, identifier, tags
from uns.simulator.process.plant import Plant
from uns.simulator.run import DEFAULT_MODBUS_PORT, DEFAULT_OPCUA_PORT


@pytest.fixture(scope="module")
def plant():
    return Plant(Random(1))


def test_uns_check_finds_nothing():
    with resources.as_file(ROOT) as directory:
        loaded = load_plant(directory, {})
    assert loaded.problems == ()
    assert {source.name for source in loaded.sources} == {"line1", "line2", "energy"}


def test_models_sources_and_plant_have_the_same_tags(plant):
    assert set(points()) == set(attributes()) == set(plant.values())
    assert 180 <= len(points()) <= 220


def test_every_node_of_the_opcua_server_is_in_a_source(plant):
    served = {tag: f"ns={NAMESPACE_INDEX};s={identifier(tag)}" for tag in tags(plant)}
    described = {tag: point["node"] for tag, point in points().items() if "node" in point}
    assert described == served
    assert len(set(served.values())) == len(served)


def test_every_register_of_the_modbus_server_is_in_a_source():
    described = {}
    for tag, point in points().items():
        if "register" in point:
            keys = {key: value for key, value in point.items() if key not in PLATFORM_KEYS}
            register, findings = parse_register(keys)
            assert register is not None, findings
            described[tag] = register
    served = {register.tag: register for register in REGISTERS}
    assert set(described) == set(served)
    for tag, register in described.items():
        own = served[tag]
        assert (str(register), register.count, register.scale) == (f"{own.table}:{own.address}", own.count, own.scale)
        if own.count > 1:
            assert (register.byte_order, register.word_order) == (own.byte_order, own.word_order), tag
        if own.type != "bool":
            assert points()[tag]["type"] == own.type, tag


def test_registers_do_not_overlap():
    taken = [(register.table, address) for register in REGISTERS for address in register.addresses]
    assert len(set(taken)) == len(taken)


def test_the_layouts_are_as_mixed_as_in_a_real_plant():
    wide = [register for register in REGISTERS if register.count > 1]
    assert {(register.byte_order, register.word_order) for register in wide} == {
        ("big", "big"), ("big", "little"), ("little", "little"),
    }  # fmt: skip
    assert {register.type for register in REGISTERS} == {
        "bool", "int16", "uint16", "uint32", "float32", "int64", "uint64",
    }  # fmt: skip


def test_both_lines_are_equal_but_for_their_name():
    def renamed(value):
        if isinstance(value, dict):
            return {key: renamed(below) for key, below in value.items()}
        return value.replace("line1", "line2") if isinstance(value, str) else value

    assert renamed(sources()["line1"]) == sources()["line2"]


def test_the_rules_of_the_models_are_not_typed_twice():
    for tag, point in points().items():
        assert not set(PLATFORM_KEYS) & set(point), tag


def test_edges_are_where_the_namespace_has_their_assets():
    tree = document("namespace.yaml")["tree"]
    for source in sources().values():
        group, line = source["edge"].split("/")
        node = tree
        for level in (*group.split(":"), line):
            node = node[level]
        assert set(source["devices"]) == {name for name, below in node.items() if isinstance(below, dict)}


def test_endpoints_are_those_of_the_simulator():
    assert sources()["line1"]["endpoint"] == (
        f"opc.tcp://${{PLANT_HOST:-127.0.0.1}}:${{OPCUA_PORT:-{DEFAULT_OPCUA_PORT}}}{PATH}"
    )
    assert (
        sources()["energy"]["endpoint"] == f"tcp://${{PLANT_HOST:-127.0.0.1}}:${{MODBUS_PORT:-{DEFAULT_MODBUS_PORT}}}"
    )
    assert sources()["energy"]["unit_id"] == UNIT_ID


def test_the_namespace_is_valid_owned_and_described():
    namespace, findings = parse_namespace(document("namespace.yaml"), registry())
    assert findings == []
    for node in namespace.nodes():
        assert namespace.owner_of(node), node.path
        assert node.description, node.path
    assert "acme/+/_raw/#" in namespace.open_filters
    assert namespace.mode == "quarantine"


def test_every_attribute_has_a_description_and_every_quantity_a_unit():
    for model in models().values():
        assert model.owner
        assert model.description
        for path, attribute in model.attributes.items():
            assert attribute.description, f"{model.ref} {path}"
            if attribute.type == "number":
                assert attribute.unit, f"{model.ref} {path}"
                assert attribute.min is not None, f"{model.ref} {path}"


def test_access_is_valid_and_the_demo_engineer_comes_from_loopback():
    access, findings = parse_access(document("access.yaml"))
    assert findings == []
    assert (access.anonymous.role, access.anonymous.origin) == ("engineer", "loopback")
