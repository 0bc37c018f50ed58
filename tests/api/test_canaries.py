"""Secrets are shown once, to whom they are for, and are nowhere else: not in logs, numbers, pages,
later answers or the database.
"""

import asyncio
import logging
import re
import subprocess
from base64 import b32decode, b32encode, b64encode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import structlog
from sqlalchemy import make_url

from sidecar.api.endpoints import ENDPOINTS
from sidecar.logs import _QUIET
from tests.api.calling import Api, Reply, api
from tests.api.sound import Sound, sound
from tests.api.story import ADDRESS, NUMBER, RICH, Story, lived
from tests.postgres import Server, _programs
from tests.unit.flows.scene import stored_in

SHOWN_BY = {
    "seed": "setupTotp",
    "seed of grace": "setupTotp",
    "seed of the key": "beginEnrollment",
    "backup code": "generateBackupCodes",
    "invitation": "invite",
    "invitation to recover": "decideRecovery",
    "result": "verifyChallenge",
}
"""What shows each kind of secret, once; all others are shown by nothing."""
SHORT = re.compile(r"\d{6}")
"""A code of a few digits could be part of any number by chance."""


def spellings(secret: str) -> Iterator[str]:
    """Return every form in which a secret could lie about."""
    seeds = [b32decode(secret)] if re.fullmatch(r"[A-Z2-7]{32}", secret) else []
    bare = secret.replace("-", "")
    for plain in (secret.encode(), bare.encode(), *seeds):
        encoded = (b32encode(plain), b64encode(plain), urlsafe_b64encode(plain))
        yield from (plain.hex(), *(part.decode().rstrip("=") for part in encoded))
        yield plain.decode("latin-1")
    yield from (secret, bare, quote(secret, safe=""), bare.lower())


class Searched:
    """A text in which secrets are looked for."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._numbers = {*re.findall(r"\d+", text)}

    def has(self, secret: str) -> bool:
        if SHORT.fullmatch(secret):
            return secret in self._numbers
        return any(spelling in self._text for spelling in spellings(secret))


class Keyed:
    """Makes every call under a key, so that every answer is kept."""

    def __init__(self, desk: Api) -> None:
        self._desk = desk
        self._calls = 0

    async def send(self, call: Sound, token: str) -> Reply:
        self._calls += 1
        headers = {"Idempotency-Key": f"k{self._calls}"} if call.endpoint.replayable else {}
        return await call.send(self._desk, token=token, headers=headers)


async def misplaced(desk: Api, story: Story) -> list[Reply]:
    """Return what every endpoint says where secrets stand in places that are not theirs."""
    replies = []
    for secret in ("seed", "backup code 1", "token", "invitation"):
        text = story.secrets[secret]
        for endpoint in ENDPOINTS:
            call = sound(endpoint)
            if endpoint.scope is not None:
                replies.append(await call.send(desk, token=text if secret != "token" else "-"))
                headers = {"If-Match": text, "Idempotency-Key": f"{text} "}
                replies.append(await call.send(desk, headers=headers))
            if endpoint.body is not None:
                body = {name: [text] for name in endpoint.body.model_fields}
                replies.append(await Sound(endpoint, call.path, call.query, body).send(desk))
    return replies


async def garbled(desk: Api, story: Story) -> None:
    """What is no HTTP comes over the wire, with a token in it."""
    bearer = f"Authorization: Bearer {story.secrets['token']}"
    for head in (
        f"GET /config/ada HTTP/1.1\r\nHost: x\r\n{bearer}\x01\r\n\r\n",
        f"GET /config/ada HTTP/1.1\r\nHost: x\r\n{bearer} : x\r\nbad header\r\n\r\n",
        f"GET /{story.secrets['token']} HTTP/9.9\r\n\r\n",
        f"{story.secrets['token']}\r\n\r\n",
    ):
        await desk.drop(head.encode())


async def led(desk: Api) -> tuple[Story, Searched, Searched]:
    """Lead a whole life; return it, all lines that were logged, and all refusals.

    Lines are taken as they were before they were made fit to be written.
    """
    with structlog.testing.capture_logs() as logged:
        story = await lived(desk, Keyed(desk).send)
        wrong = await misplaced(desk, story)
        await garbled(desk, story)
    assert len(logged) > 50
    assert len(story.secrets) > 15
    return story, Searched("\n".join(map(repr, logged))), Searched("\n".join(map(str, wrong)))


def left(story: Story, text: Searched) -> list[str]:
    """Return what of a life can be read in a text and should not be."""
    everything = {**story.secrets, "address": ADDRESS, "number": NUMBER}
    return [what for what, secret in everything.items() if text.has(secret)]


def shown(story: Story) -> None:
    """Each secret is in the one answer that shows it, and in no other."""
    answers = [(name, Searched(f"{reply.headers} {reply.raw!r}")) for name, reply in story.told]
    for what, secret in {**story.secrets, "address": ADDRESS, "number": NUMBER}.items():
        kind = re.sub(r" (\d+|for .*)$", "", what)
        expected = [SHOWN_BY[kind]] if kind in SHOWN_BY else []
        assert (what, [name for name, text in answers if text.has(secret)]) == (what, expected)


@pytest.mark.threat(68)
@pytest.mark.conforms("ASVS-16.2.5", "ASVS-14.2.6", "ASVS-13.3.1", "NIST-SFOV-1")
async def test_no_secret_is_left_in_a_file(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """THREATS 68: seeds, codes, tokens, results and addresses of a whole life show nowhere but in
    the one answer that gives each; with a store in a file, every byte of which is looked at.
    """
    overhear(caplog)
    async with api(folder, RICH) as desk:
        story, logs, refusals = await led(desk)
        stored = Searched(stored_in(folder).decode("latin-1"))
    assert left(story, logs) == []
    assert left(story, Searched(caplog.text)) == []
    assert left(story, refusals) == []
    assert left(story, stored) == []
    shown(story)


@pytest.mark.threat(68)
async def test_no_secret_is_left_on_postgres(folder: Path, postgres: Server) -> None:
    """THREATS 68: the same with a store in PostgreSQL shows none in a dump of it."""
    async with postgres.changes() as changes:
        async with api(folder, {**RICH, **changes}) as desk:
            story, logs, _ = await led(desk)
        url = make_url(changes["storage"]["database"])
        dumped = Searched(await asyncio.to_thread(dump, postgres, url.database or ""))
    assert left(story, logs) == []
    assert left(story, dumped) == []
    shown(story)


def overhear(caplog: pytest.LogCaptureFixture) -> None:
    """All that is logged at any level is kept, as far as a sidecar would write it."""
    caplog.set_level(logging.DEBUG)
    for name in _QUIET:
        caplog.set_level(logging.WARNING, logger=name)


def dump(server: Server, database: str) -> str:
    """Return all that a database holds, as its own tool writes it."""
    programs = _programs()
    assert programs is not None
    at = ("-h", "127.0.0.1", "-p", str(server.port), "-U", "sidecar", "-d", database)
    written = subprocess.run([programs / "pg_dump", *at], check=True, capture_output=True)
    text = written.stdout.decode()
    assert "COPY public.authenticators" in text
    return text
