"""A source that asks, and the application that it asks."""

import json
from dataclasses import replace

from plugins.identity.upstream_session import Options, UpstreamSession
from sidecar.core.keyed import Keyed
from sidecar.core.model import Identity
from sidecar.core.protocols import Asked, RawHeaders, RequestView
from tests.conformance.identity_source import STRANGER
from tests.conformance.lent import Application, lent

ADA = {"user": {"id": "ada", "name": "Ada", "groups": ["staff"]}}
SIGNED_IN = ((b"Cookie", b"sid=1"),)


def options(**changed: object) -> Options:
    return Options.model_validate(
        {"upstream": "shop", "url": "/whoami", "subject": "/user/id", **changed}
    )


def source(
    application: Application, *, keyed: Keyed | None = None, **changed: object
) -> UpstreamSession:
    return UpstreamSession(options(**changed), lent("app_login", ask=application, keyed=keyed))


def request(*headers: tuple[bytes, bytes], query: str = "") -> RequestView:
    return replace(STRANGER, headers=(*STRANGER.headers, *headers), query=query)


def telling(
    answer: object = ADA, status: int = 200, headers: RawHeaders = (), body: bytes | None = None
) -> Application:
    text = json.dumps(answer).encode() if body is None else body
    return Application(lambda _target, _headers: Asked(status, headers, text))


def failing(error: Exception) -> Application:
    def answer(target: bytes, headers: RawHeaders) -> Asked:
        del target, headers
        raise error

    return Application(answer)


async def who(
    application: Application, *, keyed: Keyed | None = None, **changed: object
) -> Identity | None:
    return await source(application, keyed=keyed, **changed).identify(request(*SIGNED_IN))
