"""Several processes behind one address: to visitors they are one sidecar."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.application import PASSWORDS, Application
from tests.crew import ask, both, everybody_answers, jar, sockets, until, workers
from tests.machine import START_S, Machine, machine
from tests.visitor import Visitor
from tests.wire import tell
from tests.world import ASKING

TWO = {"workers": 2}
LOGIN = "user={}&password={}"
KEPT = "c0ffee00c0ffee00"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(180),
    pytest.mark.asyncio(loop_scope="module"),
]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def at() -> AsyncIterator[Machine]:
    """A sidecar with two workers, for all tests that leave it so."""
    async with machine(changes=TWO) as made:
        yield made


async def enrolled(
    at: Machine, user: str = "ada", cookies: dict[str, str] | None = None
) -> Visitor:
    """Return a browser whose person has just proven a second factor."""
    browser = at.visitor()
    browser.cookies.update(cookies or {})
    await browser.enroll(user, target="/secret")
    return browser


async def test_what_one_worker_learns_the_other_knows(at: Machine) -> None:
    """A factor set up over many connections shows that each worker lets its person through."""
    pids = await both(at)
    ada = await enrolled(at)
    assert await everybody_answers(at, pids, jar(ada)) == {200}


async def test_a_dead_worker_is_replaced_while_the_other_serves(at: Machine) -> None:
    """A worker that is killed shows every later request answered, and soon two workers again."""
    lost, stays = await both(at)
    os.kill(lost, signal.SIGKILL)
    await until(lambda: lost not in workers(at))
    assert await ask(at) == (stays, 401)
    assert {(await ask(at))[1] for _ in range(20)} == {401}
    assert stays in await both(at, without={lost})


async def test_the_supervisor_holds_nothing(at: Machine) -> None:
    """The supervisor shows one thread, no socket and no database: nothing to inherit."""
    await both(at)
    assert at.process is not None
    own = Path(f"/proc/{at.process.pid}")
    assert len(list((own / "task").iterdir())) == 1
    opened = [str(link.readlink()) for link in (own / "fd").iterdir()]
    assert [name for name in opened if name.startswith("socket:") or "sidecar.db" in name] == []


@pytest.mark.parametrize("wanted", [signal.SIGTERM, signal.SIGKILL])
async def test_all_end_with_the_supervisor(wanted: signal.Signals) -> None:
    """A supervisor that is told to stop shows status 0; one that is killed, no worker left."""
    async with machine(changes=TWO) as at:
        pids = await both(at)
        assert at.process is not None
        at.process.send_signal(wanted)
        async with asyncio.timeout(START_S):
            assert await at.process.wait() == (0 if wanted is signal.SIGTERM else -wanted)
        await until(lambda: not any(sockets(pid) for pid in pids))


async def signed_in(at: Machine, user: str) -> None:
    answer = await tell(
        at,  # type: ignore[arg-type]  # as above
        f"Cookie: app={KEPT}",
        "Content-Type: application/x-www-form-urlencoded",
        method="POST",
        target="/login",
        body=LOGIN.format(user, PASSWORDS[user]).encode(),
    )
    assert answer.status == 303


async def test_attacker_and_victim_on_one_cookie_over_two_workers() -> None:
    """THREATS 47: one kept cookie, two people, two workers: shows that no page changes hands.

    Ada has a factor and knows grace's password; her application keeps the cookie at a sign-in.
    What one worker sees of that must count for what the other one was told before.
    """
    changes = {**TWO, "identity": {"app_login": {**ASKING, "keep": "5m"}}}
    async with machine(Application(keep_cookie=True), changes) as at:
        pids = await both(at)
        ada = await enrolled(at, cookies={"app": KEPT})
        assert ada.cookies["app"] == KEPT
        cookies = jar(ada)

        async def read(number: int) -> list[bytes]:
            fields = (f"Cookie: {cookies}; z={number}", "Sec-Fetch-Site: cross-site")
            answers = [
                await tell(at, *fields, target="/read")  # type: ignore[arg-type]  # as above
                for _ in range(10)
            ]
            return [answer.body for answer in answers if answer.status == 200]

        served: list[bytes] = []
        for _ in range(8):
            assert await everybody_answers(at, pids, cookies) == {200}  # both remember ada
            async with asyncio.TaskGroup() as tasks:
                reading = [tasks.create_task(read(number)) for number in range(4)]
                tasks.create_task(signed_in(at, "grace"))
            served += [body for task in reading for body in task.result()]
            assert 200 not in await everybody_answers(at, pids, cookies)  # both forgot her
            await signed_in(at, "ada")
        assert not [body for body in served if b"grace" in body]
