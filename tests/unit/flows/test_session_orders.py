"""Any order of what can happen to sessions, in two processes."""

import asyncio
import contextlib
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sidecar.core.errors import ResponseRejected, TooManyAttempts
from sidecar.core.model import Session, SessionId
from sidecar.flows.kit import SessionTimes
from sidecar.flows.sessions import TOUCHED_EVERY
from sidecar.flows.visit import Visit
from tests.unit.flows.scene import Scene, quick_folder, scene

T = TypeVar("T")


class Model(RuleBasedStateMachine):
    """Two processes, one person, any order of events: no token answers that should be dead."""

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        self._stack = AsyncExitStack()
        self._tokens: dict[str, tuple[SessionId, bool, datetime | None]] = {}
        """Token -> its session, whether it proves, until when its grace lasts."""
        self._seen: dict[SessionId, tuple[datetime, datetime]] = {}
        """Live session -> when it began and was last active."""

    def teardown(self) -> None:
        self.run(self._stack.aclose())
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    @initialize()
    def start(self) -> None:
        self.run(self._start())

    async def _start(self) -> None:
        folder = self._stack.enter_context(quick_folder())
        times = SessionTimes(timedelta(minutes=10), timedelta(minutes=30))
        self.here = await self._stack.enter_async_context(scene(folder, times=times))
        self.clock = self.here.clock
        self.there = await self._stack.enter_async_context(scene(folder, self.clock, times=times))
        _, self.phone = await self.here.enroll()
        await self.here.flows.sessions.end_all(self.here.stranger())

    @rule()
    def opened(self) -> None:
        with contextlib.suppress(TooManyAttempts):
            visit, token = self.run(self.here.enter())
            session = visit.require_session()
            self._tokens[token] = (session.id, False, None)
            self._seen[session.id] = (self.clock(), self.clock())

    @rule(seconds=st.sampled_from([1, 29, 31, 61, 300, 601]))
    def waited(self, seconds: int) -> None:
        self.clock.travel(seconds=seconds)
        self.run(self.here.flows.revocations.read())
        self.run(self.there.flows.revocations.read())

    def _current(self, data: st.DataObject) -> tuple[str, SessionId] | None:
        live = [
            (token, which)
            for token, (which, _, until) in self._tokens.items()
            if until is None and self._alive(which)
        ]
        return data.draw(st.sampled_from(live)) if live else None

    def _alive(self, which: SessionId) -> bool:
        if which not in self._seen:
            return False
        began, seen = self._seen[which]
        times, now = self.here.kit.times, self.clock()
        return now < began + times.lifetime and now - seen <= times.idle

    @precondition(lambda self: self._tokens)
    @rule(data=st.data(), elsewhere=st.booleans())
    def proved(self, data: st.DataObject, *, elsewhere: bool) -> None:
        chosen = self._current(data)
        if chosen is None:
            return
        old, which = chosen
        session = self.run(self._session(old))
        began, _ = self._seen[which]
        process = self.there if elsewhere else self.here
        visit = replace(process.stranger(), session=session)
        new = self.run(self._prove(process, visit))
        if new is None:
            return
        for token, (owner, proves, until) in list(self._tokens.items()):
            if owner == which and until is not None:
                self._tokens[token] = (owner, proves, self.clock())
        _, proves, _ = self._tokens[old]
        self._tokens[old] = (which, proves, self.clock() + timedelta(seconds=30))
        self._tokens[new] = (which, True, None)
        self._seen[which] = (began, self.clock())

    async def _session(self, token: str) -> Session | None:
        return await self.here.flows.sessions.recall(token)

    async def _prove(self, process: Scene, visit: Visit) -> str | None:
        """Return the new token; the code is one that no one used before."""
        self.clock.travel(seconds=1)
        step = int(self.clock().timestamp()) // 30
        if step <= getattr(self, "_step", 0):
            return None
        try:
            begun = await process.flows.challenges.begin(visit, "totp")
            answer = self.phone.code(self.clock)
            entered = await process.flows.challenges.answer(visit, begun.id, answer)
        except (ResponseRejected, TooManyAttempts):
            return None
        self._step = step
        return entered.token

    @precondition(lambda self: self._tokens)
    @rule(data=st.data())
    def touched(self, data: st.DataObject) -> None:
        chosen = self._current(data)
        if chosen is None:
            return
        session = self.run(self._session(chosen[0]))
        assert session
        self.run(self.there.flows.sessions.touch(session))
        began, seen = self._seen[session.id]
        if self.clock() - session.last_seen_at >= TOUCHED_EVERY:
            seen = self.clock()
        self._seen[session.id] = (began, seen)

    @precondition(lambda self: self._tokens)
    @rule(data=st.data())
    def dropped(self, data: st.DataObject) -> None:
        chosen = self._current(data)
        if chosen is None:
            return
        _, which = chosen
        session = self.run(self._session(chosen[0]))
        assert session
        self.run(self.there.flows.sessions.drop_proofs(session))
        for token, (owner, _, until) in list(self._tokens.items()):
            if owner == which:
                self._tokens[token] = (owner, False, until and self.clock())
        self.run(self.here.flows.revocations.read())

    @rule()
    def ended_everywhere(self) -> None:
        self.run(self.there.flows.sessions.end_all(self.there.stranger()))
        self._seen.clear()
        self.run(self.here.flows.revocations.read())

    @invariant()
    def no_token_answers_that_should_not(self) -> None:
        for token, (which, proves, until) in self._tokens.items():
            if not hasattr(self, "there"):
                return
            for process in (self.here, self.there):
                found = self.run(process.flows.sessions.recall(token))
                due = self._alive(which) and (until is None or self.clock() < until)
                assert (found is not None) == due, (which, until)
                assert found is None or bool(found.proofs) == proves


def test_any_order_of_events() -> None:
    """Any order of openings, proofs, touches, drops and ends shows exactly the tokens that live."""
    run_state_machine_as_test(
        Model,
        settings=settings(
            max_examples=8,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
