"""Every fault of the catalogue has a test with its number, or a sentence on why it has none."""

from tests.faults import table


def test_each_fault_has_a_test_or_a_reason() -> None:
    known = table.tests()
    assert list(table.FAULTS) == list(range(1, 91))
    assert {number for number in table.FAULTS if not known.get(number)} == set(table.WITHOUT)
    assert set(known) <= set(table.FAULTS)
