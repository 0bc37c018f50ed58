"""The API's operations without a server: answered by the store, in the operator's name."""

import asyncio
from collections.abc import Iterator

import pytest
import yaml

from sidecar.api import config
from sidecar.cli.local import LocalDesk, Operator, local_desk
from sidecar.client.operations import Operations
from sidecar.client.problems import ProblemError
from sidecar.clock import utc_now
from sidecar.core.clients import ClientId
from sidecar.core.errors import StoreUnavailable
from sidecar.core.model import Event, Person
from sidecar.flows.naming import Naming
from sidecar.settings.load import Loaded, load_settings
from sidecar.storage.setup import migrate_up
from sidecar.storage.sql import open_store
from sidecar.web.management.call import Answer, Call
from sidecar.wiring import key_ring
from tests.unit.flows.scene import quick_folder
from tests.world import KEY, REALM, settings_for


@pytest.fixture
def loaded() -> Iterator[Loaded]:
    with quick_folder() as folder:
        file = folder / "sidecar.yaml"
        file.write_text(yaml.safe_dump(settings_for("http://127.0.0.1:9", folder, 0, {})))
        loaded = load_settings(file, {"TEST_KEY": KEY}, utc_now())
        database = loaded.settings.storage.database
        asyncio.run(migrate_up(database, key_ring(loaded), utc_now, create=True))
        yield loaded


async def events(loaded: Loaded) -> tuple[Event, ...]:
    store = await open_store(loaded.settings.storage.database, key_ring(loaded), utc_now)
    try:
        async with store.read() as tx:
            return await tx.trail.of(Person(REALM, "ada"), 10)
    finally:
        await store.close()


async def test_an_operation_is_done_in_the_operators_name(loaded: Loaded) -> None:
    """What was configured reads back, and shows the operator in the trail."""
    async with local_desk(loaded, "grace") as desk:
        sidecar = Operations(desk)
        made = await sidecar.create_config("ada", required=True)
        assert await sidecar.read_config("ada") == made
        changed = await sidecar.change_config("ada", version=made.version)
        assert changed.version > made.version
    assert {event.actor for event in await events(loaded)} == {"operator:grace"}


async def test_problems_are_those_of_the_api(loaded: Loaded) -> None:
    """Wrong input, and what is not there, show the same problems as a server tells."""
    async with local_desk(loaded, "grace") as desk:
        sidecar = Operations(desk)
        with pytest.raises(ProblemError) as wrong:
            await sidecar.create_config("a\u202eb")
        assert (wrong.value.status, wrong.value.slug) == (422, "input-invalid")
        assert wrong.value.errors[0].pointer == "/user_id"
        with pytest.raises(ProblemError, match="not-found: nothing is configured") as nobody:
            await sidecar.read_config("nobody")
        assert nobody.value.request_id == ""


async def test_an_outage_is_no_problem_of_the_call() -> None:
    """A store that went away shows as such: it is the place that is at fault, not the call."""

    async def gone(_call: Call) -> Answer:
        raise StoreUnavailable("gone")

    grace = Operator(ClientId("operator.grace"), "grace", frozenset())
    desk = LocalDesk({config.READ.name: gone}, Naming({REALM: ()}), grace)
    with pytest.raises(StoreUnavailable):
        await Operations(desk).read_config("ada")


async def test_what_needs_a_running_sidecar_is_not_here(loaded: Loaded) -> None:
    """An operation of the server itself shows as a mistake of the program."""
    async with local_desk(loaded, "grace") as desk:
        with pytest.raises(KeyError):
            await Operations(desk).metrics()
