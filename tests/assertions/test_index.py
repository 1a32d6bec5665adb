"""Every assertion has a test, or a reason why not; no test names one that does not exist."""

from tests.assertions.index import assertions, not_applicable, shown


def test_every_assertion_has_a_test_or_a_reason():
    ids = {assertion.id for assertion in assertions()}
    found, reasons = shown(), not_applicable()
    assert len(ids) == 299
    assert sorted(ids - found.keys() - reasons.keys()) == []


def test_no_test_and_no_reason_names_one_that_does_not_exist():
    ids = {assertion.id for assertion in assertions()}
    assert sorted((shown().keys() | not_applicable().keys()) - ids) == []


def test_what_has_a_test_needs_no_reason():
    assert sorted(shown().keys() & not_applicable().keys()) == []
