"""What is malformed is answered, and told to nobody else."""

import logging

import pytest

from sidecar.proxy.limits import Limits
from tests.conformance.http.corpus import BROKEN_CHUNKS, CHUNKED, REFUSED, post
from tests.conformance.http.harness import Stage, saying, staged
from tests.conformance.http.mutations import SEEDS, mutants
from tests.conformance.http.test_answers import BROKEN_HEADS

TELLTALE = ("Traceback", "HTTP/1", "/x", "Host", "app.test", "hello", "Error", "Exception")


class Told:
    """Everything that was logged or printed while a test ran."""

    def __init__(self, logs: pytest.LogCaptureFixture, prints: pytest.CaptureFixture[str]) -> None:
        self._logs = logs
        self._prints = prints
        logs.set_level(logging.DEBUG)

    def nothing(self) -> None:
        """Show that no traceback and no part of a request was told."""
        printed = "".join(self._prints.readouterr())
        records = [record for record in self._logs.records if record.name != "asyncio"]
        text = printed + "".join(record.getMessage() for record in records)
        assert [word for word in TELLTALE if word in text] == []
        assert [record for record in self._logs.records if record.exc_info] == []
        assert [one for one in self._logs.records if one.levelno > logging.INFO] == []


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Told:
    return Told(caplog, capfd)


@pytest.mark.http("3.6")
@pytest.mark.threat(27)
@pytest.mark.both_loops
async def test_refusals(stage: Stage, told: Told) -> None:
    """Shows that no refused request leaves a trace of itself in the log."""
    for raw, status in REFUSED.values():
        assert (await stage.exchange(raw)).status == status
    for body in BROKEN_CHUNKS.values():
        assert (await stage.exchange(post(CHUNKED, body))).status == 400
    told.nothing()


@pytest.mark.http("3.6", "3.3.13")
async def test_broken_answers(stage: Stage, told: Told) -> None:
    """Shows that an unreadable answer is neither quoted to the client nor to the log."""
    for raw in BROKEN_HEADS.values():
        stage.app.script = saying(raw, close=True)
        visitor = await stage.visitor()
        answer = await visitor.get("/x")
        while answer.status == 103:
            answer = await visitor.answer()
        assert (answer.status, answer.body) == (502, b"failed")
    told.nothing()


@pytest.mark.http("3.6")
@pytest.mark.parametrize("seed", SEEDS)
async def test_mutants(seed: str, told: Told) -> None:
    """Shows the same for what is almost right, whether the client waits for its answer or not."""
    quick = Limits(sweep_s=0.02, linger_s=0.05)
    async with staged(quick, head_timeout_s=0.5) as stage:
        for raw, cut in mutants(seed, 60):
            visitor = await stage.visitor()
            visitor.send(raw[: cut or len(raw)])
            if not cut:
                await visitor.silent(0)
            visitor.abort()
    told.nothing()
