from pathlib import Path

from sidecar.core.model import Person
from tests.world import REALM, world


async def test_a_refusal_is_written_once_a_minute_and_rule(tmp_path: Path) -> None:
    """Ten refused requests and one a minute later: shows that asking cannot fill the trail."""
    async with world(tmp_path) as made:
        ada = made.visitor()
        await ada.sign_in()
        for _ in range(10):
            assert (await ada.open("/never/mind")).status == 403
        made.clock.travel(seconds=61)
        await ada.open("/never/mind")
        async with made.sidecar.store.read() as tx:
            events = await tx.trail.of(Person(REALM, "ada"), 50)
    refused = [event for event in events if event.name == "request.refused"]
    assert [event.details["rule"] for event in refused] == ["never", "never"]


async def test_nobodys_refusal_writes_nothing(tmp_path: Path) -> None:
    """A request from nobody that a rule denies: shows that strangers write nothing."""
    async with world(tmp_path) as made:
        assert (await made.visitor().open("/never/mind")).status == 403
        assert (await made.sidecar.store.verify_trail()).rows == 0
