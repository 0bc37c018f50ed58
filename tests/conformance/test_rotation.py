"""A root key is replaced step by step, on every database, and nothing of it is lost."""

from datetime import timedelta

import pytest
from sqlalchemy import delete

from sidecar.core.errors import Conflict
from sidecar.core.model import AuthenticatorId, LookupCode, LookupCodes
from sidecar.rotating import KeyState, Survey
from sidecar.storage.faults import StoreUnproven
from sidecar.storage.sql import open_store
from sidecar.storage.tables import outbox
from sidecar.storage.vault import KeyRing, RootKey, pepper_of
from tests.conformance.ringed import (
    K2,
    NEW_K2,
    OLD_K1,
    fill,
    require_all,
    resealed,
    rotation,
    served,
)
from tests.conformance.stores import ADA, K1, Travel

EVERYWHERE = {"authenticators": 6, "api_tokens": 1, "notification_addresses": 1, "outbox": 1}
AT_ONCE = {"two_factor_challenges": 1, "idempotency_keys": 1, "purpose_keys": 0}


def of(survey: Survey, which: str) -> KeyState:
    return next(key for key in survey.keys if key.id == which)


async def surveyed(url: str, clock: Travel, *roots: RootKey) -> Survey:
    async with rotation(url, clock, *roots) as work:
        return await work.survey()


async def test_every_step(place: str, clock: Travel) -> None:
    """From one key to the next, each step shows everything readable, and the old key is gone."""
    async with served(place, clock, K1) as store:
        cookie = await fill(store)
    async with served(place, clock, K1, NEW_K2) as first, served(place, clock, K2, OLD_K1) as other:
        await require_all(first, cookie)  # two replicas, the second of which is a step ahead
        await require_all(other, cookie)
        outcome = await resealed(place, clock, K2, OLD_K1)
        await require_all(first, cookie)
        await require_all(other, cookie)
    assert outcome.changed == EVERYWHERE | AT_ONCE
    assert (outcome.unreadable, outcome.busy) == ({}, {})
    survey = await surveyed(place, clock, K2, OLD_K1)
    assert of(survey, "k1").droppable
    assert not of(survey, "k2").droppable
    async with served(place, clock, K2) as store:
        await require_all(store, cookie)
    assert (await resealed(place, clock, K2)).changed == dict.fromkeys(outcome.changed, 0)


async def test_a_key_in_use_cannot_be_dropped(place: str, clock: Travel) -> None:
    """Before the resealing a start without the old key shows what needs it, and what to run."""
    async with served(place, clock, K1) as store:
        await fill(store)
    async with served(place, clock, K2, OLD_K1):
        pass
    with pytest.raises(StoreUnproven, match="authenticators are sealed with key 'k1'") as refused:
        await open_store(place, KeyRing((K2,)), clock)
    assert "sidecar keys reseal" in refused.value.hint
    needs = {
        found.need.what: found.rows
        for found in of(await surveyed(place, clock, K2, OLD_K1), "k1").needs
    }
    assert needs == {
        "authenticators are sealed": 6,
        "API tokens are vouched for": 1,
        "addresses are sealed": 1,
        "messages are sealed": 1,
        "open challenges are sealed": 1,
        "backup codes are peppered": 1,
        "sessions were begun": 1,
        "browsers are remembered": 1,
        "API tokens were made": 1,
        "messages are counted": 1,
        "rows of the audit trail are tagged": 3,
    }


async def test_what_is_kept_goes_when_nothing_needs_it(place: str, clock: Travel) -> None:
    """Time shows that kept keys go, one after the other; evidence stays, and codes keep theirs."""
    async with served(place, clock, K1) as store:
        await fill(store)
    async with served(place, clock, K2, OLD_K1):
        await resealed(place, clock, K2, OLD_K1)
    kept = of(await surveyed(place, clock, K2), "k1").kept
    evidence = {"audit", "audit-erased", "pseudonym"}
    codes = pepper_of("factors", "backup_codes")
    visits = {"cookie", "csrf", "next", pepper_of("identity", "app")}
    assert kept == evidence | visits | {codes, pepper_of("factors", "totp")} | {
        *("address", "api-token", "assertion", "carried", "confirm-person"),
        *("disown", "known-browser", "trusted-browser"),
    }
    clock.now += timedelta(days=2)
    await resealed(place, clock, K2)
    gone = kept - of(await surveyed(place, clock, K2), "k1").kept
    assert gone == visits | {
        *(pepper_of("factors", "totp"), "assertion", "carried", "confirm-person")
    }
    clock.now += timedelta(days=90)
    await count_anew(place, clock)
    await resealed(place, clock, K2)
    assert of(await surveyed(place, clock, K2), "k1").kept == evidence


async def count_anew(place: str, clock: Travel) -> None:
    """Old messages are no longer counted, and the person has codes of the present pepper."""
    async with served(place, clock, K2) as store:
        async with store.aside() as connection:
            await connection.execute(delete(outbox))
        async with store.begin(ADA) as tx:
            old = await tx.authenticators.get(ADA, AuthenticatorId("a5"))
            assert old is not None
            fresh = LookupCodes((LookupCode("CCCC", "k2:hash", None),))
            await tx.authenticators.replace(old, fresh, used_at=None)


async def test_nothing_is_sealed_that_a_process_cannot_read(place: str, clock: Travel) -> None:
    """A configuration ahead of every process shows a refusal, and commands that go on as these."""
    async with served(place, clock, K1) as store:
        cookie = await fill(store)
        with pytest.raises(Conflict, match="restart"):
            await resealed(place, clock, K2, OLD_K1)
        async with rotation(place, clock, K2, OLD_K1) as work:
            assert (await work.survey()).sealing == "k1"
        await require_all(store, cookie)
