"""What may be answered while everything breaks: the right thing, or an honest error."""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sidecar.core.errors import (
    IdentityUnavailable,
    SidecarError,
    StoreUnavailable,
    UpstreamBusy,
    UpstreamTimedOut,
    UpstreamUnreachable,
)
from tests.chaos.peer import filled
from tests.conformance.http.visitor import Answer

HONEST: Mapping[bytes, type[SidecarError]] = {
    b"/_sidecar/problems/" + error.slug.encode(): error
    for error in (
        UpstreamUnreachable,
        UpstreamTimedOut,
        UpstreamBusy,
        IdentityUnavailable,
        StoreUnavailable,
    )
}
"""What proven people may be told instead of their answer. Never 401, 403 or a redirect: that would
say of them what nobody could know; and never 500, which would be a fault of ours."""

DYING_NS = 1_000_000_000
"""A process that was killed may go on taking connections until it is gone."""
ON_ITS_WAY_NS = 10_000_000
"""A busy kernel may take a moment to hand over what was sent."""
SHOWN = 600
"""Bytes of a head or a body in a report."""


class Wrong(Exception):
    """The answer is neither right nor honest."""


@dataclass(frozen=True)
class Asked:
    """One request, and when it was made (CLOCK_MONOTONIC, the same for all processes)."""

    user: str
    token: str
    path: str
    size: int
    method: str
    opened_ns: int
    """When its connection was made."""
    sent_ns: int = field(default_factory=time.monotonic_ns)

    @property
    def target(self) -> str:
        return f"{self.path}?token={self.token}&size={self.size}"

    @property
    def body(self) -> bytes:
        """What must come back, and in a POST goes out."""
        return filled(self.user, self.token, self.size)


@dataclass
class Oracle:
    """Judges answers, and counts what kinds of them there were."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    application_died: list[int] = field(default_factory=list)
    worker_died: list[int] = field(default_factory=list)
    """When they were killed, just before it."""
    _crossed: list[tuple[str, Asked, str]] = field(default_factory=list)

    def judge(self, asked: Asked, answer: Answer) -> str:
        """Return in one word what the answer was."""
        try:
            word = self._word(asked, answer)
        except Wrong as wrong:
            word = "wrong"
            self.fault(f"{wrong}: {told(asked, answer)}")
        self.counts[word] += 1
        return word

    def fault(self, what: str) -> None:
        self.faults.append(what)

    @staticmethod
    def _dies(died: list[int], began_ns: int) -> bool:
        """Whether one of them ends after this moment."""
        return any(moment + DYING_NS >= began_ns for moment in died)

    def _word(self, asked: Asked, answer: Answer) -> str:
        if not answer.head:
            if not self._dies(self.worker_died, asked.opened_ns):
                ages = [f"{(asked.opened_ns - at) / 1e9:.1f} s" for at in self.worker_died[-2:]]
                raise Wrong(f"closed without a word; the last workers died {ages} before it began")
            return "nothing"
        if unasked := answer.all("X-Unasked"):
            self._crossed.append((unasked[0].decode(), asked, told(asked, answer)))
            return "crossed"
        return self._right(asked, answer) if answer.status == 200 else self._honest(answer)

    def _right(self, asked: Asked, answer: Answer) -> str:
        """Tell whether it is right, or the beginning of what is."""
        user, token, body = asked.user.encode(), asked.token.encode(), asked.body
        for name, wanted in (("X-Marker", user), ("X-Subject", user), ("X-Token", token)):
            if answer.all(name) != [wanted]:
                raise Wrong(f"{name} is {answer.all(name)}, not {wanted!r}")
        if not body.startswith(answer.body):
            raise Wrong("another body")
        if not answer.whole:
            return "broken"
        if len(answer.body) < len(body):
            # Only a connection that ends tells the end of this one, and the kernel ends those of
            # a process that was killed like any other: nobody could see it.
            if asked.path == "/until-close" and self._dies(self.application_died, asked.sent_ns):
                return "ended"
            raise Wrong("a shorter body that looks whole")
        lengths, digests = answer.all("X-Length"), answer.all("X-Digest")
        if lengths != [b"%d" % len(answer.body)]:
            raise Wrong("another length")
        if digests != [hashlib.sha256(answer.body).hexdigest().encode()]:
            raise Wrong("another digest")
        return "right"

    @staticmethod
    def _honest(answer: Answer) -> str:
        if not answer.whole:
            return "broken"
        if answer.all("Content-Type") != [b"application/problem+json"]:
            raise Wrong("nothing that the application or the sidecar says")
        error = HONEST.get(json.loads(answer.body)["type"].encode())
        if error is None or error.status != answer.status:
            raise Wrong("an error that is not honest here")
        if error.status == 503 and not answer.all("Retry-After"):
            raise Wrong("a 503 that does not say when to come back")
        return error.slug

    def settle(self, record: Path) -> Counter[str]:
        """Return what the application did; what it has to say against the sidecar is a fault.

        What it says to nobody may still meet a request that is on its way to it, and then nobody
        can tell it from the answer. Whoever asked later than that, however, must not get it.
        """
        lines = [line.split(" ", 1) for line in record.read_text().splitlines()]
        said_at = {}
        posted: Counter[str] = Counter()
        did: Counter[str] = Counter()
        for kind, rest in lines:
            if kind == "unasked":
                number, at_ns = rest.split()
                said_at[number] = int(at_ns)
                did[number.partition("-")[0] + " unasked"] += 1
            elif kind == "post":
                posted[rest] += 1
            elif kind == "did":
                did[rest] += 1
            else:
                self.fault(f"the application was asked {rest}")
        self.faults += [
            f"sent {times} times: POST {token}" for token, times in posted.items() if times > 1
        ]
        for number, asked, what in self._crossed:
            spoken_ns = said_at.get(number, asked.sent_ns)
            if number.startswith("glued") or spoken_ns + ON_ITS_WAY_NS < asked.sent_ns:
                self.fault(f"an answer that nobody asked for: {what}")
        return did


def told(asked: Asked, answer: Answer) -> str:
    """Return a request and what came of it, for a person to read."""
    took_ms = (time.monotonic_ns() - asked.sent_ns) // 1_000_000
    end = "whole" if answer.whole else "broken off"
    return (
        f"{asked.method} {asked.target} by {asked.user}, after {took_ms} ms:"
        f" {answer.head[:SHOWN]!r} {len(answer.body)} bytes, {end}: {answer.body[:SHOWN]!r}"
    )
