"""Has every statement that binds a server a case, or a stated reason why not?"""

from collections import Counter
from pathlib import Path

import pytest

from tests.conformance.cases import CASES
from tests.conformance.coverage import named, shown
from tests.conformance.statements import STATEMENTS, Standard

ROOT = Path(__file__).parents[2]
COUNTS = {Standard.MQTT_311: 141, Standard.MQTT_5: 251}
"""The rows of appendix B of each standard."""


@pytest.mark.parametrize("standard", Standard)
def test_no_statement_is_missing(standard: Standard) -> None:
    assert len(STATEMENTS[standard]) == COUNTS[standard]


@pytest.mark.parametrize("standard", Standard)
def test_what_binds_a_server_has_a_case_or_a_reason(standard: Standard) -> None:
    has_cases = shown()[standard]
    bare = [
        number
        for number, statement in STATEMENTS[standard].items()
        if statement.binds_server and not (has_cases.get(number) or statement.not_tested or statement.test)
    ]
    assert bare == []


@pytest.mark.parametrize("standard", Standard)
def test_a_statement_with_cases_gives_no_reason_to_have_none(standard: Standard) -> None:
    has_cases = shown()[standard]
    both = [number for number, each in STATEMENTS[standard].items() if each.not_tested and has_cases.get(number)]
    assert both == []


def test_every_statement_that_a_case_names_exists() -> None:
    unknown = {(standard, number) for standard, number, _, _ in named() if number not in STATEMENTS[standard]}
    assert unknown == set()


def test_every_statement_of_mqtt_5_that_one_of_3_1_1_names_exists() -> None:
    others = {other for statement in STATEMENTS[Standard.MQTT_311].values() for other in statement.mqtt5}
    assert others <= set(STATEMENTS[Standard.MQTT_5])


@pytest.mark.parametrize("standard", Standard)
def test_a_test_that_is_no_data_names_its_statement(standard: Standard) -> None:
    for number, statement in STATEMENTS[standard].items():
        if statement.test:
            assert f"MQTT-{number}" in (ROOT / statement.test).read_text(encoding="utf-8"), (number, statement.test)


def test_every_case_names_statements_of_a_standard_it_runs_in() -> None:
    for file, cases in CASES.items():
        for case in cases:
            assert case.mqtt5 or case.mqtt311, (file, case.case)
            assert set(case.versions) <= {4, 5}, (file, case.case)
            assert not case.mqtt311 or 4 in case.versions, (file, case.case)


def test_every_case_has_a_name_of_its_own() -> None:
    names = Counter(case.case for cases in CASES.values() for case in cases)
    assert [name for name, count in names.items() if count > 1] == []
