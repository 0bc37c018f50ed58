"""Questions over HTTP while the configuration is read."""

import asyncio
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from sidecar.settings.key_sources.calling import MOST_BYTES, Caller, Question, in_time, trusting
from sidecar.settings.references import Missing
from tests.certificates import self_signed
from tests.tools.ports import refusing
from tests.vendors.names import server_tls
from tests.vendors.peer import Mishap, answer, listening

SOON = timedelta(milliseconds=200)
LONG = timedelta(seconds=20)


async def asked(
    caller: Caller, url: str, headers: dict[str, str] | None = None
) -> tuple[int, object]:
    """Return what came of one question, whose every step and whole have the caller's time."""
    question = Question("GET", f"{url}/path", headers or {})
    return await asyncio.to_thread(in_time, lambda: caller.ask(question), caller.timeout)


async def refused(caller: Caller, url: str, headers: dict[str, str] | None = None) -> str:
    with pytest.raises(Missing) as caught:
        await asked(caller, url, headers)
    assert caught.value.__cause__ is None
    return str(caught.value)


async def test_an_answer_is_a_status_and_an_object() -> None:
    """Answers with and without an object show both, and that bodies of errors are not looked at."""
    answers = {200: '{"a": 1}', 204: "", 404: "<html>", 503: '{"a": 1}'}
    async with listening() as peer:
        for status, body in answers.items():
            peer.next_up.append(answer(status, body))
        found = [await asked(Caller("It", LONG), peer.url) for _ in answers]
    assert found == [(200, {"a": 1}), (204, {}), (404, {}), (503, {})]


GARBAGE: dict[str, tuple[Mishap | bytes, str]] = {
    "hung up": (Mishap.HANG_UP, "It cannot be reached: Connection reset by peer"),
    "cut": (Mishap.CUT, "It answered no HTTP: IncompleteRead"),
    "silent": (Mishap.SILENCE, "there was no answer within 200ms"),
    "dripping": (Mishap.DRIP, "there was no answer within 200ms"),
    "no http": (b"SSH-2.0-OpenSSH_9.2\r\n", "It answered no HTTP: BadStatusLine"),
    "no json": (answer(200, "<html>"), "It answered no JSON object: something else listens there"),
    "deep": (answer(200, "[" * 99_999), "It answered no JSON object: something else listens there"),
    "no object": (answer(200, "[1]"), "It answered no JSON object: something else listens there"),
    "huge": (answer(200, b" " * (MOST_BYTES + 1)), f"It answered more than {MOST_BYTES} bytes"),
    "moved": (answer(307, "", "Location: /other"), "It sends us elsewhere (status 307)"),
}


@pytest.mark.parametrize("mishap", GARBAGE)
async def test_whatever_is_no_answer_is_told(mishap: str) -> None:
    """Each thing that can go wrong on the wire shows what it was, in time, and one question."""
    becomes, said = GARBAGE[mishap]
    async with listening() as peer:
        peer.next_up.append(becomes)
        hasty = Caller("It", SOON if "within" in said else LONG)
        assert await refused(hasty, peer.url) == said
        assert len(peer.heard) == 1


async def test_nobody_listens() -> None:
    """An address where nobody listens shows that it cannot be reached."""
    with refusing() as port:
        told = await refused(Caller("It", LONG), f"http://127.0.0.1:{port}")
    assert told == "It cannot be reached: Connection refused"
    told = await refused(Caller("It", LONG), f"http://{'a' * 64}.example")
    assert told == "It has an address that there cannot be"


@pytest.mark.conforms("ASVS-12.3.2")
async def test_a_server_proves_itself(tmp_path: Path) -> None:
    """A certificate of an authority that was not named shows that nothing is asked."""
    right, wrong = self_signed(tmp_path), self_signed(tmp_path, name="wrong")
    async with listening(answers, tls=server_tls(right)) as peer:
        assert await asked(Caller("It", LONG, trusting(str(right))), peer.url) == (200, {})
        told = await refused(Caller("It", LONG, trusting(str(wrong))), peer.url)
        assert told.startswith("the certificate of It is not trusted: self-signed certificate")
        assert len(peer.heard) == 1


def answers(_heard: object) -> bytes:
    return answer(200, "{}")


@pytest.mark.parametrize("content", ["", "no certificate"])
def test_authorities_that_do_not_load_are_told(tmp_path: Path, content: str) -> None:
    """Files of authorities that are not there, or hold none, show which it was."""
    path = tmp_path / "ca.pem"
    if content:
        path.write_text(content)
    with pytest.raises(Missing, match=r"the authorities in .*/ca.pem do not load: "):
        trusting(str(path))


@pytest.mark.parametrize("token", ["a\r\nHost: else", "a\nb", "tök€n", "a\x00b"])
async def test_a_token_cannot_write_headers(token: str) -> None:
    """Tokens with line ends and letters that headers have not show that nothing is asked."""
    async with listening() as peer:
        told = await refused(Caller("It", LONG), peer.url, {"Authorization": token})
        assert told == "what It is to be shown has characters that no token has"
        assert peer.connections == 0


@pytest.mark.conforms("ASVS-15.3.2")
async def test_what_opens_the_door_goes_to_nobody_else() -> None:
    """A redirect to another server shows that this one never hears of us."""
    async with listening() as there, listening() as peer:
        peer.next_up.append(answer(302, "", f"Location: {there.url}/path"))
        await refused(Caller("It", LONG), peer.url, {"Authorization": "secret"})
        assert there.connections == 0


async def test_proxies_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A proxy that the environment names shows that it hears nothing."""
    async with listening() as proxy, listening(answers) as peer:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert await asked(Caller("It", LONG), peer.url) == (200, {})
        assert proxy.connections == 0


async def test_a_step_of_a_question_has_its_time() -> None:
    """A question whose answer does not come shows that it ends by itself as well, in time."""
    async with listening() as peer:
        peer.next_up.append(Mishap.SILENCE)
        question = Question("GET", f"{peer.url}/path", {})
        with pytest.raises(TimeoutError):
            await asyncio.to_thread(Caller("It", SOON).ask, question)


def test_secrets_of_a_question_are_not_shown() -> None:
    """The text of a question shows neither headers nor body."""
    question = Question("POST", "https://v/x", {"X": "hidden-1"}, {"jwt": "hidden-2"})
    assert "hidden" not in repr(question)


def test_work_ends_in_time() -> None:
    """Work that never ends shows a fault, work that fails its own error."""
    never = Event()
    with pytest.raises(Missing, match="there was no answer within 50ms"):
        in_time(never.wait, timedelta(milliseconds=50))
    never.set()
    with pytest.raises(ZeroDivisionError):
        in_time(lambda: 1 / 0, LONG)
    assert in_time(lambda: 5, LONG) == 5
