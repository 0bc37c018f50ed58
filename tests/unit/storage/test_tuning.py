"""How long anything may take."""

from sidecar.settings.resting import StoragePart
from sidecar.storage.tuning import PATIENT, Tuning


def test_requests_wait_as_the_configuration_says_by_default() -> None:
    """The limits without a word of anybody show what the documented settings are."""
    part = StoragePart()
    assert Tuning() == Tuning(
        readers=part.pool.readers,
        writers=part.pool.writers,
        wait_s=part.wait.total_seconds(),
        statement_s=part.statement.total_seconds(),
    )


def test_operators_wait_longer_than_requests() -> None:
    """A check of a large trail shows that nothing meant for requests ends it."""
    assert PATIENT.statement_s > 60 * Tuning().statement_s / 60
    assert PATIENT.wait_s > Tuning().wait_s
