"""Which database an address names."""

import pytest

from sidecar.storage.database import database
from sidecar.storage.faults import StoreUnproven
from sidecar.storage.postgres import PostgresDatabase
from sidecar.storage.sqlite import DatabaseFile


def test_the_address_says_which_it_is() -> None:
    """Addresses of both kinds, as operators are given them, show who keeps the store."""
    assert isinstance(database("sqlite+aiosqlite:///a.db"), DatabaseFile)
    for scheme in ("postgresql+asyncpg", "postgresql", "postgres"):
        assert isinstance(database(f"{scheme}://u:p@db/x"), PostgresDatabase)


@pytest.mark.parametrize(
    "url", ["", "nothing", "mysql://u:p@db/x", "postgresql+psycopg://u:p@db/x", "postgres://u:p@db"]
)
def test_others_are_refused_with_the_right_form(url: str) -> None:
    """Addresses that name no store of ours show the form of one, and no password."""
    with pytest.raises(StoreUnproven) as refused:
        database(url)
    assert refused.value.hint.startswith("storage.database: ")
    assert "u:p" not in str(refused.value)
