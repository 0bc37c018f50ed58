"""What every store knows of many people at once."""

from dataclasses import replace

from sidecar.core.directory import Holding
from sidecar.core.model import AuthenticatorStatus, Person, PublicKey
from sidecar.core.stores import Store
from tests.conformance.settled import BOB
from tests.conformance.stores import ADA, NOW, TWIN, authenticator, codes

KEY = PublicKey(b"credential", b"key", 7, {"transports": ("usb",)})


async def test_many_are_known_as_each_alone(store: Store) -> None:
    """People with everything, with little and with nothing show the same as one by one."""
    async with store.begin() as tx:
        await tx.accounts.mark_enrolled(ADA, NOW)
        await tx.accounts.ensure(BOB, NOW)
        for held in (
            authenticator("a"),
            authenticator("k", KEY, factor="webauthn"),
            authenticator("c", codes("A", "B"), factor="backup_codes"),
            authenticator("p", status=AuthenticatorStatus.PENDING),
            authenticator("t", person=TWIN),
        ):
            await tx.authenticators.add(held)
    nobody = Person("app", "nobody")
    async with store.read() as tx:
        found = await tx.directory.holdings((ADA, BOB, TWIN, nobody))
        alone = {
            person: Holding(await tx.accounts.get(person), await tx.authenticators.of(person))
            for person in (ADA, BOB, TWIN, nobody)
        }
    assert found == alone
    assert found[nobody] == Holding()
    assert [held.id for held in found[ADA].authenticators] == ["a", "c", "k"]
    assert found[ADA].authenticators[2] == replace(authenticator("k", KEY), factor="webauthn")


async def test_nobody_is_asked_about(store: Store) -> None:
    """No people show no holdings."""
    async with store.read() as tx:
        assert await tx.directory.holdings(()) == {}
