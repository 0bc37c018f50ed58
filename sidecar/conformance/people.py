"""Whose answers and authenticators count: the person's own that are active, and nobody else's."""

from dataclasses import replace

from sidecar.conformance.case import Broken, Case
from sidecar.conformance.world import ADA, EVE, World, a_world
from sidecar.core.model import (
    Authenticator,
    AuthenticatorStatus,
    LookupCodes,
    Person,
    PublicKey,
    SharedSecret,
    Verified,
)


async def another_person(case: Case) -> None:
    """One person's answer proves nothing about another."""
    ada, eve = await a_world(case, ADA), await a_world(case, EVE)
    opened = await ada.begin()
    ours = await eve.begin()
    if isinstance(await ada.finish(opened, eve.answer(ours)), Verified):
        raise Broken("another person's answer was verified")


async def another_persons_authenticator(case: Case) -> None:
    """An authenticator that is another person's verifies nothing, even if the list holds it."""
    ada, eve = await a_world(case, ADA), await a_world(case, EVE)
    await _refused(ada, EVE, (ada.authenticator,))
    await _refused(ada, EVE, (eve.authenticator, ada.authenticator))
    moved = replace(eve.authenticator, material=ada.authenticator.material)
    if isinstance(moved.material, LookupCodes):
        await _refused(ada, EVE, (moved,))


async def another_persons_state(case: Case) -> None:
    """A challenge that was begun for one person is won by nobody else, whatever they hold."""
    ada, eve = await a_world(case, ADA), await a_world(case, EVE)
    begun = await ada.begin()
    if not begun.started.state:
        return
    eve.now = ada.now
    taken = replace(begun, person=EVE, held=(eve.authenticator,))
    for response in (ada.answer(begun), eve.answer(taken)):
        if isinstance(await eve.finish(taken, response), Verified):
            raise Broken("a challenge of one person was won by another")


async def unusable(case: Case) -> None:
    """What is not active, unreadable or of another kind verifies nothing and breaks nothing."""
    world = await a_world(case)
    mine = world.authenticator
    others = [
        *(replace(mine, status=status) for status in AuthenticatorStatus if status != mine.status),
        *(replace(mine, material=None), replace(mine, material=_of_another_kind(mine))),
    ]
    opened = await world.begin()
    response = world.answer(opened)
    for one in others:
        begun = await world.begin(held=(one,), waited=False)
        for challenge in (opened, begun):
            if isinstance(await world.finish(challenge, response, held=(one,)), Verified):
                raise Broken(f"an authenticator was verified that is {_called(one)}")
    if isinstance(await world.finish(opened, response, held=()), Verified):
        raise Broken("an answer was verified without any authenticator")
    opened = await world.begin(held=(*others, mine))
    if not isinstance(await world.finish(opened, world.answer(opened)), Verified):
        raise Broken("beside unusable authenticators the usable one was not verified")


async def _refused(world: World, person: Person, held: tuple[Authenticator, ...]) -> None:
    opened = await world.begin()
    response = world.answer(opened)
    begun = await world.begin(person=person, held=held, waited=False)
    for challenge in (begun, replace(opened, person=person, held=held)):
        if isinstance(await world.finish(challenge, response), Verified):
            raise Broken("an authenticator of another person was verified")


def _of_another_kind(mine: Authenticator) -> PublicKey | SharedSecret:
    if isinstance(mine.material, PublicKey):
        return SharedSecret(b"of another kind, and long enough")
    return PublicKey(b"id", b"key", 1)


def _called(one: Authenticator) -> str:
    if one.status is not AuthenticatorStatus.ACTIVE:
        return one.status.value
    return "unreadable" if one.material is None else "of another kind"
