"""Where a server of PostgreSQL is looked for."""

from urllib.parse import urlsplit

import pytest
from sqlalchemy.engine import make_url

from sidecar.core.errors import StoreUnavailable, Unserved
from sidecar.storage.faults import StoreUnproven
from sidecar.storage.reaching import reached, way
from sidecar.storage.sql import open_store
from sidecar.storage.tuning import Tuning
from tests.conformance.stores import ADA, NOW, RING, Travel
from tests.postgres import Server
from tests.tools.ports import free_ports


@pytest.mark.parametrize(
    ("address", "hosts"),
    [
        ("postgresql://u@/x", ()),
        ("postgresql://u@db/x", (("db", 5432),)),
        ("postgresql://u@db:6432/x", (("db", 6432),)),
        ("postgresql://u@/x?host=/run/postgresql", (("/run/postgresql", 5432),)),
        ("postgresql://u@/x?host=a,b:6432", (("a", 5432), ("b", 6432))),
        ("postgresql://u@:7/x?host=a,b", (("a", 7), ("b", 7))),
        ("postgresql://u@/x?host=a:1&host=b:2", (("a", 1), ("b", 2))),
        ("postgresql://u@/x?host=[::1]:1,[::2]", (("::1", 1), ("::2", 5432))),
    ],
)
def test_an_address_names_one_server_or_several(
    address: str, hosts: tuple[tuple[str, int], ...]
) -> None:
    """Each way of writing shows the hosts in order, with their ports."""
    assert reached(make_url(address)).hosts == hosts


@pytest.mark.parametrize("host", ["a,", ":5432", "a:b"])
def test_what_is_no_host_is_refused(host: str) -> None:
    """An empty name, or a port that is none, shows a fault before anything is connected."""
    with pytest.raises(StoreUnproven, match="no host"):
        reached(make_url(f"postgresql://u@/x?host={host}"))


def test_the_address_tells_how_the_server_proves_itself() -> None:
    """Words of the query show the driver's own, and a server that must prove itself a context."""
    plain = way(make_url("postgresql://db/x?host=/run/postgresql"))
    assert plain == {"dsn": "postgresql:///?"}
    named = way(make_url("postgresql://db/x?ssl=verify-full&sslrootcert=/ca.pem"))
    assert named == {"dsn": "postgresql:///?sslrootcert=%2Fca.pem&sslmode=verify-full"}
    trusted = way(make_url("postgresql://db/x?sslmode=verify-full"))
    assert trusted["ssl"].check_hostname  # type: ignore[attr-defined]  # a context


async def test_of_several_servers_the_first_that_takes_changes_is_used(postgres: Server) -> None:
    """A server that is away before one that is there shows the second used; none that takes
    changes shows an outage, for what a copy says may be old.
    """
    (nowhere,) = free_ports(1)
    async with postgres.store() as url:
        name = urlsplit(url).path[1:]
        place = f"127.0.0.1:{postgres.port}"
        several = url.replace(f"@{place}/", "@/")
        several += f"&host=127.0.0.1:{nowhere},{place}"
        tuning = Tuning(wait_s=0.5)
        store = await open_store(several, RING, Travel(), tuning=tuning)
        async with store.begin(ADA) as tx:
            await tx.accounts.ensure(ADA, NOW)
        await store.close()
        await postgres.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        with pytest.raises(StoreUnavailable, match="cannot be read") as refused:
            await open_store(several, RING, Travel(), tuning=tuning)
        assert refused.value.why is Unserved.UNREACHABLE
