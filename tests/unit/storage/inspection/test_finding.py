"""What a finding says."""

from sidecar.storage.inspection.finding import ADVICE, SHOWN, Finding, Kind, Tally


def test_each_kind_says_what_it_means_and_what_to_do() -> None:
    """Whatever is found shows a meaning and a way on."""
    for kind in Kind:
        assert Finding(kind, "there").advice is ADVICE[kind]
        assert len(ADVICE[kind].means) > 30
        assert len(ADVICE[kind].do) > 15


def test_of_many_rows_a_few_are_named() -> None:
    """A thousand wrong rows show their number, and the first of them."""
    tally = Tally()
    for number in range(1000):
        tally.add(Kind.BROKEN, "sessions.x", f"r{number}")
    tally.add(Kind.BROKEN, "outbox.x", "p1")
    many, one = tally.findings()
    assert (many.number, len(many.rows), many.rows[0]) == (1000, SHOWN, "r0")
    assert (one.where, one.number, one.rows) == ("outbox.x", 1, ("p1",))
