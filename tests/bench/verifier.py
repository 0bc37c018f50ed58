"""A sidecar over a store of many people, and what its people and their programs post to it."""

import asyncio
import json
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from pyotp import TOTP

from sidecar.clock import utc_now
from sidecar.core.model import Challenge, ChallengeId, Prompt, Purpose
from sidecar.core.seeds import base32
from sidecar.flows.carried import seal_carried
from sidecar.flows.kit import CHALLENGE_LIFE
from sidecar.flows.tokens import Tokens
from sidecar.settings.load import load_settings
from sidecar.storage.setup import migrate_up
from sidecar.wiring import key_ring
from tests.bench.asking import Answers, Send
from tests.bench.browser import ORIGIN, head
from tests.bench.crowd import PERIOD_S, Crowd, Holder, gather
from tests.bench.guard import ENVIRONMENT
from tests.bench.processes import Program
from tests.tools.ports import free_ports

CONFIGURATION: Final = """
public: [{origin}]
listen:
  public: 127.0.0.1:{port}
  probes: 127.0.0.1:{probes}
  management: 127.0.0.1:{management}
workers: 1
upstreams: {{shop: 'http://127.0.0.1:9'}}
identity: {{front: {{plugin: forwarded_header, header: X-User, from: [127.0.0.1/32]}}}}
enrollment: {{first: invited}}
factors: {{totp: {{issuer: Shop}}}}
policy: {{default: two_factor}}
management: {{per_minute: 10000000}}
storage: {{database: '{database}'}}
keys: [{{id: k1, from: {{env: TEST_KEY}}}}]
logging: {{level: warning}}
"""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A sidecar that can be started, and who is in its store."""

    program: Program
    management: int
    crowd: Crowd
    tokens: Tokens

    async def pages(self, holders: Sequence[Holder], send: Send) -> Answers:
        """Let people answer what their page asks, as browsers do: one post each."""
        asks = [partial(self._form, one) for one in holders]
        return await send(self.program.port, asks, HTTPStatus.SEE_OTHER)

    async def begin(self, holders: Sequence[Holder], send: Send) -> Answers:
        """Let a program ask people for a code."""
        asks = [partial(self._call, "/challenge", {}, one) for one in holders]
        return await send(self.management, asks, HTTPStatus.CREATED)

    async def verify(self, holders: Sequence[Holder], begun: Answers, send: Send) -> Answers:
        """Let the program hand in their codes."""
        which = [json.loads(body)["challenge_id"] for body in begun.bodies]
        asks = [
            partial(self._verify, one, challenge)
            for one, challenge in zip(holders, which, strict=True)
        ]
        return await send(self.management, asks, HTTPStatus.OK)

    def _form(self, one: Holder) -> bytes:
        fields = {
            "csrf": self.tokens.csrf(one.session),
            "carried": self._carried(one),
            "code": code_of(one),
            "next": "",
        }
        body = urlencode(fields).encode()
        sent = {
            "Origin": ORIGIN,
            "X-User": one.person.subject,
            "Content-Type": "application/x-www-form-urlencoded",
            "Content-Length": str(len(body)),
        }
        target, cookies = "/_sidecar/challenge/answer", {"__Host-sidecar": one.token}
        return head(cookies, target, method="POST", fields=sent).encode() + body

    def _carried(self, one: Holder) -> str:
        """Return the challenge as the page brought it that the person looks at."""
        now = utc_now()
        challenge = Challenge(
            id=ChallengeId(secrets.token_urlsafe(24)),
            person=one.person,
            session_id=one.session,
            purpose=Purpose.SIGN_IN,
            factor="totp",
            action="",
            authenticator_id=None,
            prompt=Prompt("code"),
            state=b"",
            created_at=now,
            expires_at=now + CHALLENGE_LIFE,
        )
        return seal_carried(self.tokens, challenge)

    def _verify(self, one: Holder, challenge: str) -> bytes:
        said = {"challenge_id": challenge, "code": code_of(one)}
        return self._call("/challenge/verify", said, one)

    def _call(self, target: str, said: dict[str, str], one: Holder) -> bytes:
        body = json.dumps({"user_id": one.person.subject, **said}).encode()
        lines = (
            f"POST {target} HTTP/1.1",
            "Host: sidecar.internal",
            f"Authorization: Bearer {self.crowd.api_token}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            "",
            "",
        )
        return "\r\n".join(lines).encode() + body


def code_of(one: Holder) -> str:
    """Return what the app of this person shows now."""
    return TOTP(base32(one.secret), interval=PERIOD_S).now()


def prepare(folder: Path, database: str, *, people: int, holders: int) -> Verifier:
    """Make a store with so many people and the sidecar over it, which does not run yet."""
    folder.mkdir()
    port, probes, management = free_ports(3)
    file = folder / "sidecar.yaml"
    text = CONFIGURATION.format(
        origin=ORIGIN, port=port, probes=probes, management=management, database=database
    )
    file.write_text(text, encoding="utf-8")
    loaded = load_settings(file, ENVIRONMENT, utc_now())
    ring = key_ring(loaded)

    async def work() -> Crowd:
        await migrate_up(database, ring, utc_now, create=True)
        return await gather(database, ring, people=people, holders=holders)

    crowd = asyncio.run(work())
    command = (sys.executable, "-m", "sidecar", "serve", "-c", file)
    program = Program(
        *("sidecar", command, folder / "sidecar.log", port),
        ready=(probes, "/health/ready"),
        environment=ENVIRONMENT,
    )
    return Verifier(program, management, crowd, Tokens(ring))
