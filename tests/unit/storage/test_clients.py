"""Tokens in SQL: nothing but hashes, and no right that nobody gave."""

from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from sidecar.core.clients import ClientId, Scope
from sidecar.storage.vault import KeyRing, RootKey
from tests.conformance.stores import (
    K1,
    NOW,
    Travel,
    api_token,
    open_sqlite,
    sqlite_file,
    token,
)
from tests.unit.storage.databases import change, rows

ONE, OTHER = token("one"), token("other")
K2 = RootKey("k2", bytes(range(32, 64)))
ROTATED = KeyRing((K2, replace(K1, active=False)))


async def added(folder: Path) -> Path:
    path = sqlite_file(folder)
    store = await open_sqlite(path, Travel())
    async with store.begin() as tx:
        await tx.tokens.add(api_token(), ONE)
        await tx.tokens.add(api_token("t2", networks=()), OTHER)
    await store.close()
    return path


@pytest.mark.parametrize(
    "forgery",
    [
        """scopes = '["users:delete","users:write"]'""",
        "networks = '[]'",
        "expires_at = '2036-01-01 00:00:00.000000'",
        "created_at = '2016-01-01 00:00:00.000000'",
        "name = 'bank'",
        """"by" = 'operator:eve\'""",
        f"hash = '{token('mine')}'",
        "mac = (SELECT mac FROM api_tokens WHERE id = 't2')",
        "mac = ''",
    ],
)
async def test_a_changed_row_opens_nothing(tmp_path: Path, forgery: str) -> None:
    """A row with any right changed shows no token at all, and says so in the log."""
    path = await added(tmp_path)
    change(tmp_path, f"UPDATE api_tokens SET {forgery} WHERE id = 't1'")  # noqa: S608 - ours
    store = await open_sqlite(path, Travel())
    with capture_logs() as logs:
        async with store.begin() as tx:
            await tx.tokens.touch(ClientId("t1"), NOW)
            for hashed in (ONE, token("mine")):
                assert await tx.tokens.find(hashed) is None
            assert [found.client.id for found in await tx.tokens.all()] == ["t2"]
            await tx.tokens.revoke(ClientId("t2"), NOW)
            assert not await tx.tokens.any_live(NOW)
    await store.close()
    assert {("token.tampered", "t1")} == {(line["event"], line["token"]) for line in logs}


async def test_a_row_of_another_token_does_not_pass(tmp_path: Path) -> None:
    """Exchanging the hashes of two tokens shows that neither opens what the other did."""
    path = await added(tmp_path)
    change(tmp_path, "UPDATE api_tokens SET hash = 'x' WHERE id = 't2'")
    change(tmp_path, "UPDATE api_tokens SET hash = ? WHERE id = 't1'", (OTHER,))
    store = await open_sqlite(path, Travel())
    async with store.read() as tx:
        assert await tx.tokens.find(OTHER) is None
    await store.close()


async def test_a_scope_of_another_version_gives_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token with a scope that this version does not know shows its other scopes."""
    path = await added(tmp_path)
    known = frozenset(Scope) - {Scope.USERS_WRITE}
    monkeypatch.setattr("sidecar.storage.clients._SCOPES", known)
    store = await open_sqlite(path, Travel())
    async with store.read() as tx:
        found = await tx.tokens.find(ONE)
    await store.close()
    assert found is not None
    assert found.client.scopes == {Scope.STATUS_READ}


async def test_a_used_token_outlives_its_key(tmp_path: Path) -> None:
    """After a rotation a token that is used shows itself vouched for by the new key."""
    path = await added(tmp_path)
    store = await open_sqlite(path, Travel(), ROTATED)
    async with store.begin() as tx:
        assert await tx.tokens.find(ONE) == api_token()
        await tx.tokens.touch(ClientId("t1"), NOW)
        assert await tx.tokens.find(ONE) == api_token(last_used_at=NOW)
    await store.close()
    assert rows(tmp_path, "SELECT substr(mac, 1, 6) FROM api_tokens ORDER BY id") == [
        *(("v1:k2:",), ("v1:k1:",))
    ]
