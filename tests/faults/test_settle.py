"""What the store is compared with: what fits passes, and every lie about it is found."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import delete, update

from sidecar.storage.sql import SqlStore
from sidecar.storage.tables import attempts, audit_events, authenticators, challenges
from tests.faults.ledger import Came, Entry, Ledger
from tests.faults.settle import settle
from tests.somebody import somebody
from tests.unit.flows.scene import quick_folder
from tests.world import world

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Ada:
    """Somebody who set up an app, and signed in with it once more."""

    store: SqlStore
    name: str
    secret: str
    step: int

    async def settle(self, ledger: Ledger) -> Counter[str]:
        async with self.store.read() as tx:
            return await settle(tx, ledger)

    def ledger(self) -> Ledger:
        """Return what she was told, and nothing else."""
        ledger = Ledger()
        entry = ledger.people[self.name]
        entry.enrolled[Came.DONE] = 1
        entry.secrets[self.secret] = Came.DONE
        entry.accepted[f"{self.secret}:{self.step}"] = 1
        return ledger


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ada() -> AsyncIterator[Ada]:
    with quick_folder() as folder:
        async with world(Path(folder)) as here:
            made = await somebody(here, "pending")
            page = await made.visitor.open("/secret")
            here.clock.travel(seconds=30)
            step = int(here.clock().timestamp()) // 30
            page = await made.visitor.submit(page, "challenge/answer", code=made.visitor.code())
            assert page.status == 200
            yield Ada(here.sidecar.store, made.name, made.visitor.secret, step)


async def test_what_people_were_told_fits(ada: Ada) -> None:
    """A ledger that tells what happened shows no fault."""
    ledger = ada.ledger()
    counts = await ada.settle(ledger)
    assert ledger.faults == []
    assert (counts["people enrolled"], counts["codes taken"]) == (1, 1)


async def test_what_may_have_happened_fits_too(ada: Ada) -> None:
    """Changes of which nobody said whether they were made show no fault either way."""
    ledger = ada.ledger()
    entry = ledger.people[ada.name]
    entry.unsure["1234"] = 1
    entry.secrets["KEPTBYNOBODY"] = Came.UNSURE
    entry.ended[Came.UNSURE] = 1
    await ada.settle(ledger)
    assert ledger.faults == []


def _lost_code(entry: Entry) -> None:
    entry.accepted["1234"] = 1


def _code_that_nobody_gave(entry: Entry) -> None:
    entry.accepted.clear()


def _later_code(entry: Entry) -> None:
    (name,) = entry.accepted
    secret, _, step = name.partition(":")
    entry.accepted = Counter({f"{secret}:{int(step) + 1}": 1})


def _lost_app(entry: Entry) -> None:
    entry.secrets["CONFIRMED"] = Came.DONE


def _removed_app(entry: Entry) -> None:
    entry.removed += entry.secrets


def _refused_app(entry: Entry) -> None:
    entry.secrets = dict.fromkeys(entry.secrets, Came.REFUSED)


def _lost_codes(entry: Entry) -> None:
    entry.codes = ("0000-0000-0000-0000-0000",)


def _lost_sign_out(entry: Entry) -> None:
    entry.ended[Came.DONE] = 1


def _lost_name(entry: Entry) -> None:
    entry.renamed = [("mine", Came.DONE)]


@pytest.mark.parametrize(
    "lie",
    [
        *(_lost_code, _code_that_nobody_gave, _later_code, _lost_app, _removed_app),
        *(_refused_app, _lost_codes, _lost_sign_out, _lost_name),
    ],
)
async def test_what_was_confirmed_and_is_not_there(ada: Ada, lie: Callable[[Entry], None]) -> None:
    """Whatever was told and does not fit shows as a fault."""
    ledger = ada.ledger()
    lie(ledger.people[ada.name])
    await ada.settle(ledger)
    assert ledger.faults


async def test_somebody_who_is_not_there_at_all(ada: Ada) -> None:
    """A confirmed enrollment of somebody unknown shows as a fault."""
    ledger = ada.ledger()
    ledger.people["grace"].enrolled[Came.DONE] = 1
    await ada.settle(ledger)
    assert ledger.faults == ["grace is not there at all"]


class _Undone(Exception):
    """Nothing of the transaction stays."""


HALVES = {
    "an act without its record": delete(audit_events).where(
        audit_events.c.name == "challenge.verified"
    ),
    "a record without its act": update(challenges).values(verified=False),
    "a try that nobody counted": update(attempts).values(verified=False),
    "an app that is gone": delete(authenticators),
}


@pytest.mark.parametrize("half", HALVES)
async def test_what_is_there_by_half(ada: Ada, half: str) -> None:
    """A change of which a part is missing shows as a fault."""
    ledger = ada.ledger()
    with suppress(_Undone):
        async with ada.store.begin() as tx:
            await tx.connection.execute(HALVES[half])
            await settle(tx, ledger)
            raise _Undone
    assert ledger.faults
