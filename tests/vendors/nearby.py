"""The transports that call nobody's API, each before what it writes to."""

import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from plugins.transports.console import MARK, Console
from sidecar.core.errors import Undelivered
from tests.certificates import self_signed
from tests.conformance.lent import lent
from tests.vendors import relay
from tests.vendors.stands import MAILBOX, NOW, Failing, Stand, built


@asynccontextmanager
async def a_console(_folder: Path) -> AsyncIterator[Stand]:
    _, _, options = built("console")
    out = io.StringIO()
    console = Console(options, lent("tested", now=lambda: NOW), out)  # type: ignore[arg-type]

    def taken() -> list[tuple[str, str]]:
        lines = [line.removeprefix(f"{MARK} | ") for line in out.getvalue().splitlines()]
        starts = [n for n, line in enumerate(lines) if line.startswith(("sms to ", "email to "))]
        ends = [*starts[1:], len(lines)][: len(starts)]
        parts = [lines[a:b] for a, b in zip(starts, ends, strict=True)]
        return [(part[0].split(" ")[2], "\n".join(part[2:])) for part in parts]

    yield Stand(console, console, options, taken, {})


@asynccontextmanager
async def an_smtp(folder: Path) -> AsyncIterator[Stand]:
    certificate = self_signed(folder, "localhost")
    async with relay.relaying(certificate) as server:
        transport, hasty, options = built(
            "smtp",
            host="localhost",
            port=server.port,
            ca_file=str(certificate),
            username=relay.USER,
            password=relay.PASSWORD,
            sender="no-reply@example.com",
            sender_name="Harbour",
        )

        def taken() -> list[tuple[str, str]]:
            return [(str(mail["To"]), _text(mail.get_body(("plain",)))) for mail in server.mail]

        yield Stand(transport, hasty, options, taken, smtp_failing(server), (relay.PASSWORD,))


def _text(part: object) -> str:
    content = getattr(part, "get_content", lambda: "")()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n").removesuffix("\n")


def smtp_failing(server: relay.Relay) -> Failing:
    """Return what a relay can say at each stage, or not say."""
    stages: dict[tuple[str, str], Undelivered] = {
        ("mail", "451 4.3.0 later"): Undelivered.UNAVAILABLE,
        ("mail", "550 5.7.1 not you"): Undelivered.REFUSED,
        ("mail", relay.SILENT): Undelivered.UNAVAILABLE,
        ("mail", relay.GONE): Undelivered.UNAVAILABLE,
        ("rcpt", "450 4.2.0 greylisted"): Undelivered.UNAVAILABLE,
        ("rcpt", f"550 5.1.1 <{MAILBOX}> unknown"): Undelivered.RECIPIENT,
        ("rcpt", "550 no such user"): Undelivered.RECIPIENT,
        ("rcpt", "550 5.7.1 relaying denied"): Undelivered.REFUSED,
        ("rcpt", "530 5.7.0 authenticate first"): Undelivered.REFUSED,
        ("rcpt", relay.GONE): Undelivered.UNAVAILABLE,
        ("data", "452 4.3.1 full"): Undelivered.UNAVAILABLE,
        ("data", "554 5.6.0 looks bad"): Undelivered.REFUSED,
        ("data", relay.SILENT): Undelivered.UNSURE,
        ("data", relay.GONE): Undelivered.UNSURE,
    }

    def arranged(stage: str, reply: str) -> Callable[[], None]:
        return lambda: server.fail(stage, reply)

    return {f"{at} {said}": (arranged(at, said), why) for (at, said), why in stages.items()}
