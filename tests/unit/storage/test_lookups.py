"""What changed between two sets of codes, and one code's use."""

from pathlib import Path

import pytest

from sidecar.core.errors import StaleMaterial
from sidecar.core.model import AuthenticatorId, LookupCode
from sidecar.storage.lookups import Lookups, newly_used
from tests.conformance.stores import NOW, Travel, authenticator, codes, open_sqlite, sqlite_file


def test_newly_used_codes_are_found() -> None:
    """The same codes, one of them used now, show exactly that one."""
    before = codes("A", "B", "C", used={"A": NOW})
    after = codes("A", "B", "C", used={"A": NOW, "C": NOW})
    found = newly_used(before, after)
    assert found is not None
    assert [code.selector for code in found] == ["C"]
    assert newly_used(before, before) == ()


def test_another_set_is_told_apart() -> None:
    """Other codes, another order or a use taken back show a set of its own."""
    before = codes("A", "B", used={"A": NOW})
    assert newly_used(before, codes("A")) is None
    assert newly_used(before, codes("B", "A")) is None
    assert newly_used(before, codes("A", "B")) is None
    assert newly_used(before, codes("A", "B", used={"A": NOW.replace(year=2030)})) is None


async def test_a_code_is_used_by_one_statement(tmp_path: Path) -> None:
    """A used code, another hash and another owner show the same refusal."""
    store = await open_sqlite(sqlite_file(tmp_path), Travel())
    async with store.begin() as tx:
        await tx.authenticators.add(authenticator(material=codes("A", "B")))
        lookups, owner = Lookups(tx.connection), AuthenticatorId("a1")
        await lookups.use(owner, LookupCode("A", "hash of A", NOW))
        for who, code in (
            (owner, LookupCode("A", "hash of A", NOW)),
            (owner, LookupCode("B", "another hash", NOW)),
            (AuthenticatorId("a2"), LookupCode("B", "hash of B", NOW)),
        ):
            with pytest.raises(StaleMaterial):
                await lookups.use(who, code)
    await store.close()
