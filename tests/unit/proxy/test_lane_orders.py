"""Any order of what can happen to the connections of an application."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sidecar.core.errors import UpstreamBusy, UpstreamUnreachable
from sidecar.proxy.connection import UpstreamConnection
from sidecar.proxy.lane import Lane
from sidecar.proxy.upstream import Upstream
from tests.unit.proxy.lines import HUNG_S, Line, Stop, Watch, settle

Taking = asyncio.Task[UpstreamConnection]


class Model(RuleBasedStateMachine):
    """Requests take, give, blame, fail and go away: no place is lost, no connection shared."""

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        self._taking: list[Taking] = []
        self._taken: list[Line] = []

    @initialize(addresses=st.integers(1, 3), most=st.integers(1, 4), pending=st.integers(0, 4))
    def start(self, addresses: int, most: int, pending: int) -> None:
        self._most, self._watch = most, Watch()
        self._stops = [Stop() for _ in range(addresses)]
        for stop in self._stops:
            stop.held = []
        upstream = Upstream(
            "app",
            "http://app",
            connect_timeout_s=HUNG_S,
            max_connections=most,
            max_pending=pending,
        )
        self._lane = Lane(upstream, self._stops, self._watch)

    def teardown(self) -> None:
        if hasattr(self, "_lane"):
            self._run(self._end())
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self._loop.run_until_complete(work)

    @property
    def _lines(self) -> list[Line]:
        return [line for stop in self._stops for line in stop.lines]

    @property
    def _making(self) -> list[asyncio.Future[None]]:
        held = [attempt for stop in self._stops for attempt in stop.held or ()]
        return [attempt for attempt in held if not attempt.done()]

    def _hold(self, connection: UpstreamConnection | None) -> None:
        if connection is not None:
            assert isinstance(connection, Line)
            assert connection not in self._taken
            assert connection.connected
            self._taken.append(connection)

    # --- what happens ---------------------------------------------------------------------------

    @rule(fresh=st.booleans())
    def ask(self, fresh: bool) -> None:
        taking = self._loop.create_task(self._lane.take(fresh=fresh))
        self._taking.append(taking)

    @rule()
    def ask_at_once(self) -> None:
        self._hold(self._lane.idle())

    @precondition(lambda self: self._taken)
    @rule(data=st.data(), whole=st.booleans(), heard=st.booleans())
    def give(self, data: st.DataObject, whole: bool, heard: bool) -> None:
        line = self._taken.pop(data.draw(st.integers(0, len(self._taken) - 1)))
        line.busy, line.heard = True, heard
        self._lane.give(line, whole=whole)

    @precondition(lambda self: self._taken)
    @rule(data=st.data())
    def blame(self, data: st.DataObject) -> None:
        line = self._taken.pop(data.draw(st.integers(0, len(self._taken) - 1)))
        self._lane.blame(line)
        self._lane.give(line, whole=False)

    @precondition(lambda self: self._taking)
    @rule(data=st.data())
    def go_away(self, data: st.DataObject) -> None:
        self._taking[data.draw(st.integers(0, len(self._taking) - 1))].cancel()

    @precondition(lambda self: any(line.connected for line in self._lines))
    @rule(data=st.data())
    def break_one(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from([line for line in self._lines if line.connected])).sound = False

    @precondition(lambda self: self._making)
    @rule(data=st.data(), refused=st.booleans())
    def connect(self, data: st.DataObject, refused: bool) -> None:
        attempt = data.draw(st.sampled_from(self._making))
        if refused:
            attempt.set_exception(ConnectionRefusedError())
        else:
            attempt.set_result(None)

    @rule(seconds=st.sampled_from([0.5, 1, 5, 16]))
    def later(self, seconds: float) -> None:
        self._watch.now += seconds
        self._lane.sweep(self._watch.now)

    @rule()
    def go_on(self) -> None:
        """Without this rule things happen in the same turn of the loop: there the races are."""
        self._run(self._collect())

    async def _collect(self) -> None:
        await settle()
        for taking in [one for one in self._taking if one.done()]:
            self._taking.remove(taking)
            if taking.cancelled():
                continue
            error = taking.exception()
            if error is None:
                self._hold(taking.result())
            else:
                assert isinstance(error, UpstreamBusy | UpstreamUnreachable)

    # --- what holds -----------------------------------------------------------------------------

    @invariant()
    def never_more_than_allowed(self) -> None:
        if hasattr(self, "_lane"):
            open_now = sum(not line.dropped for line in self._lines) + len(self._making)
            assert open_now <= self._most
            state = self._lane.state
            assert 0 <= state.idle + state.taken <= self._most
            if state.waiting:
                assert (state.idle, state.taken) == (0, self._most)

    async def _end(self) -> None:
        """Everybody goes: every place must be free, and each can be used again."""
        for taking in self._taking:
            taking.cancel()
        await self._collect()
        for line in self._taken:
            self._lane.give(line, whole=False)
        self._lane.sweep(self._watch.now + 1000)
        state = self._lane.state
        assert (state.idle, state.taken, state.waiting) == (0, 0, 0)
        for stop in self._stops:
            assert stop.pending == 0
            stop.held = None
        self._watch.now += 60
        again = [await self._lane.take(fresh=False) for _ in range(self._most)]
        assert len(set(again)) == self._most


def test_any_order_of_events() -> None:
    """Any order of requests shows that the limit holds, no place is lost, and no two requests
    ever hold one connection (THREATS 47).
    """
    run_state_machine_as_test(Model, settings=settings(max_examples=100, stateful_step_count=40))
