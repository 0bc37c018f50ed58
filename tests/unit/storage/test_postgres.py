"""How connections to PostgreSQL behave, and what is told where they cannot be had."""

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from sidecar.core.errors import StoreUnavailable, TooManyAttempts, Unserved
from sidecar.core.guessing import WINDOWS
from sidecar.core.model import ChallengeId
from sidecar.storage import connections, setup
from sidecar.storage.database import database
from sidecar.storage.faults import CREATE, StoreAbsent, StoreUnproven
from sidecar.storage.locks import enter
from sidecar.storage.postgres import PostgresDatabase
from sidecar.storage.reaching import ABANDONED_S
from sidecar.storage.setup import migrate_down, migrate_up
from sidecar.storage.sql import SqlStore, open_store
from sidecar.storage.tables import accounts
from sidecar.storage.transaction import transaction
from sidecar.storage.tuning import Tuning
from sidecar.storage.vault import KeyRing
from tests.certificates import self_signed
from tests.conformance.stores import ADA, K1, NOW, RING, Travel, session, token
from tests.postgres import PASSWORD, Server

_ENCRYPTED = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
C1 = ChallengeId("c1")
FOREIGN = KeyRing((replace(K1, secret=b"\xff" * 32),))


async def fault_of(url: str, ring: KeyRing = RING) -> StoreUnproven:
    with pytest.raises(StoreUnproven) as unproven:
        await open_store(url, ring, Travel())
    assert PASSWORD not in f"{unproven.value} {unproven.value.hint} {unproven.value.__cause__}"
    return unproven.value


async def test_a_database_that_is_no_store_of_ours_is_refused(postgres: Server) -> None:
    """Promise 2: missing, empty, foreign, of other keys: each shows a fault and nothing made."""
    assert "does not exist" in str(await fault_of(postgres.url("nowhere")))
    async with postgres.empty() as url:
        absent = await fault_of(url)
        assert isinstance(absent, StoreAbsent)
        assert absent.hint == CREATE
        with pytest.raises(StoreAbsent):
            await migrate_up(url, RING, Travel(), create=False)
        await postgres.execute("CREATE TABLE orders (id INTEGER)", urlsplit(url).path[1:])
        assert "another program" in str(await fault_of(url))
        with pytest.raises(StoreUnproven, match="another program"):
            await migrate_up(url, RING, Travel(), create=True)
    async with postgres.store() as url:
        assert "installation" in str(await fault_of(url, FOREIGN))
        with pytest.raises(StoreUnproven, match="installation"):
            await migrate_down(url, FOREIGN, "base")


async def test_a_server_that_is_not_there_is_told(postgres: Server) -> None:
    """Another port shows an outage that names the place, an unknown user a fault; neither shows
    the password.
    """
    nowhere = f"postgresql+asyncpg://u:{PASSWORD}@127.0.0.1:1/x"
    with pytest.raises(StoreUnavailable) as refused:
        await open_store(nowhere, RING, Travel())
    told = "the database x at 127.0.0.1:1 cannot be read: ConnectionRefusedError"
    assert (str(refused.value), refused.value.__cause__) == (told, None)
    assert PASSWORD not in repr(database(nowhere))
    unknown = postgres.url("postgres").replace("//sidecar:", "//nobody:")
    assert 'role "nobody" does not exist' in str(await fault_of(unknown))


async def test_up_down_up_makes_a_store_each_time(postgres: Server) -> None:
    """Up, down to nothing and up again show a store that opens, and a status that says so."""
    async with postgres.empty() as url:
        for _ in range(2):
            assert (await migrate_up(url, RING, Travel(), create=True)).current
            await (await open_store(url, RING, Travel())).close()
            assert (await setup.status(url)).current
            assert (await migrate_down(url, RING, "base")).revision is None
        assert isinstance(await fault_of(url), StoreAbsent)


async def test_readers_cannot_write(postgres: Server) -> None:
    """Deleting over a reading connection shows the server's own refusal."""
    async with postgres.store() as url:
        reading = database(url).reader()
        with pytest.raises(DBAPIError, match="read-only"):
            async with reading.begin() as connection:
                await connection.execute(accounts.delete())
        await reading.dispose()


async def test_a_commit_is_durable_whatever_the_server_says(postgres: Server) -> None:
    """A database whose commits may be lost shows that ours are not (promise 8)."""
    async with postgres.store() as url:
        name = urlsplit(url).path[1:]
        await postgres.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
        writing = database(url).writer()
        async with writing.begin() as connection:
            kept = (await connection.execute(text("SHOW synchronous_commit"))).scalar_one()
        await writing.dispose()
        assert kept == "on"


async def test_a_guess_counts_whatever_the_server_says(postgres: Server) -> None:
    """A database whose transactions see what there was when they began to wait shows tries at
    once, by three processes, counted as if one came after the other (promise 5).
    """
    async with postgres.store() as url, AsyncExitStack() as opened:
        name = urlsplit(url).path[1:]
        await postgres.execute(
            f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'"
        )
        stores = [await open_store(url, RING, Travel()) for _ in range(3)]
        for store in stores:
            opened.push_async_callback(store.close)

        async def guess(store: SqlStore) -> bool:
            async with store.begin(ADA) as tx:
                with suppress(TooManyAttempts):
                    await tx.attempts.claim(ADA, "totp", known=True, challenge=C1, now=NOW)
                    return True
            return False

        made = await asyncio.gather(*(guess(store) for store in stores * 10))
        assert sum(made) == WINDOWS[0][1]


async def test_text_must_have_its_encoding(postgres: Server) -> None:
    """A database that cannot keep every name shows a fault before anything is made in it."""
    await postgres.execute("CREATE DATABASE narrow TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    with pytest.raises(StoreUnproven, match="keeps text as LATIN1"):
        await migrate_up(postgres.url("narrow"), RING, Travel(), create=True)


async def test_a_database_that_was_exchanged_is_not_used(postgres: Server) -> None:
    """THREATS 42: another store under the same name shows as unavailable, not as newcomers."""
    async with postgres.store() as url, postgres.empty() as other:
        await migrate_up(other, RING, Travel(), create=True)
        store = await open_store(url, RING, Travel())
        async with store.begin() as tx:
            await tx.accounts.mark_enrolled(ADA, NOW)
        ours, theirs = (urlsplit(at).path[1:] for at in (url, other))
        await postgres.execute(f"DROP DATABASE {ours} WITH (FORCE)")
        with pytest.raises(StoreUnavailable):
            await store.ping()
        await postgres.execute(f"CREATE DATABASE {ours} TEMPLATE {theirs}")
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="exchanged"):
                await store.ping()
        with pytest.raises(StoreUnavailable):
            async with store.begin() as tx:
                await tx.accounts.ensure(ADA, NOW)
        await store.close()


async def test_a_server_that_came_back_is_used_at_once(
    postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections that the server ended show that the next transaction has new ones."""
    monkeypatch.setattr(connections, "QUIET_S", 0.0)  # its last words may be on their way
    async with postgres.store() as url:
        store = await open_store(url, RING, Travel())
        async with store.begin() as tx:
            await tx.accounts.ensure(ADA, NOW)
        await store.ping()
        await postgres.cut(urlsplit(url).path[1:])
        await store.ping()
        async with store.begin() as tx:
            await tx.accounts.ensure(ADA, NOW)
        await store.close()


async def test_nobody_waits_without_end(postgres: Server) -> None:
    """A person whom a transaction holds for long shows an outage to others, not a hang."""
    async with postgres.store() as url:
        impatient = database(url, Tuning(wait_s=0.1)).writer()
        async with transaction(impatient) as one:
            await enter(one, (ADA,))
            with pytest.raises(StoreUnavailable, match="LockNotAvailableError") as late:
                async with transaction(impatient) as other:
                    await enter(other, (ADA,))
        assert late.value.why is Unserved.CROWDED
        await impatient.dispose()


async def test_what_a_process_forgot_holds_nobody(postgres: Server) -> None:
    """A transaction that its process left open shows ended by the server, and others served."""
    limit = "idle_in_transaction_session_timeout"
    async with postgres.store() as url:
        stuck, other = await open_store(url, RING, Travel()), await open_store(url, RING, Travel())

        async def hang() -> None:
            async with stuck.begin(ADA) as tx:
                await tx.accounts.mark_enrolled(ADA, NOW)
                found = await tx.connection.execute(text(f"SHOW {limit}"))
                assert found.scalar_one() == f"{ABANDONED_S}s"
                await tx.connection.execute(text(f"SET LOCAL {limit} = '50ms'"))
                async with other.begin(ADA) as after:
                    assert await after.accounts.get(ADA) is None

        with pytest.raises(StoreUnavailable):
            await hang()
        async with other.read() as tx:
            assert await tx.accounts.get(ADA) is None
        await stuck.close()
        await other.close()


async def test_the_servers_words_leave_without_values(postgres: Server) -> None:
    """A broken constraint shows as unavailable, and the stored value nowhere."""
    async with postgres.store() as url:
        store = await open_store(url, RING, Travel())
        for which in ("s1", "s2"):
            caught = None
            try:
                async with store.begin() as tx:
                    await tx.sessions.add(session(which), token("very-secret"))
            except StoreUnavailable as failed:
                caught = failed
        await store.close()
    assert caught is not None
    assert "very-secret" not in f"{caught} {caught.__cause__}"
    assert "UniqueViolationError" in str(caught)


async def test_a_server_proves_itself_where_it_must(postgres: Server, tmp_path: Path) -> None:
    """A server whose certificate fits shows an encrypted store; one of another authority, or that
    the machine does not trust, a fault that is no outage.
    """
    other, query = self_signed(tmp_path, name="other"), "?sslmode=verify-full"
    async with postgres.store() as url:
        plain = postgres.plain_url(urlsplit(url).path[1:])
        store = await open_store(
            f"{plain}{query}&sslrootcert={postgres.certificate}", RING, Travel()
        )
        async with store.read() as tx:
            found = await tx.connection.execute(text(_ENCRYPTED))
            assert found.scalar_one() is True
        await store.close()
        for way in (f"{query}&sslrootcert={other}", query, f"{query}&sslcert={other}"):
            fault = await fault_of(f"{plain}{way}")
            assert "SSLCertVerificationError" in str(fault)


def test_a_place_has_no_password() -> None:
    """What messages call a database shows host and name only."""
    found = PostgresDatabase(make_url(f"postgresql://u:{PASSWORD}@db:5432/x?sslmode=require"))
    assert found.place == "the database x at db:5432"
    assert PASSWORD not in repr(found)
