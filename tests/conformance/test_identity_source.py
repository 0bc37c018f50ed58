"""The bundled identity sources hold to what every source must."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from sidecar.core.protocols import Asked, IdentitySource, RawHeaders, RequestView, Tools
from sidecar.loader import Role, resolve
from tests.conformance.identity_source import CHECKS, STRANGER, Case
from tests.conformance.lent import Application

SECRET = "a-shared-secret-of-the-proxy"


def bundled(name: str, **options: object) -> Callable[[Tools], IdentitySource]:
    plugin = resolve(Role.IDENTITY, name)

    def made(tools: Tools) -> IdentitySource:
        source: IdentitySource = plugin.build(plugin.options.model_validate(options), tools)
        return source

    return made


def carrying(*headers: tuple[str, str], query: str = "", peer: str = "127.0.0.1") -> RequestView:
    raw = tuple((name.encode(), value.encode()) for name, value in headers)
    return replace(STRANGER, headers=(*STRANGER.headers, *raw), query=query, peer=peer)


def by_cookie(target: bytes, headers: RawHeaders) -> Asked:
    """Answer as an application whose session cookie holds the user's name, in hexadecimal."""
    del target
    cookies = [value for name, value in headers if name == b"Cookie"]
    user = bytes.fromhex(cookies[0].decode().removeprefix("sid=")).decode() if cookies else None
    return Asked(200, (), json.dumps({"user": user and {"id": user}}).encode())


UPSTREAM = Case(
    "upstream_session",
    bundled(
        "upstream_session",
        upstream="shop",
        url="/whoami",
        anonymous={"pointer": "/user", "equals": None},
        subject="/user/id",
        credentials={"headers": ["X-Api-Key"], "query": ["api_key"], "cookies": ["sid"]},
    ),
    lambda subject: carrying(("Cookie", f"sid={subject.encode().hex()}")),
    (
        carrying(("Cookie", "sid=aa; theme=dark; sid=bb")),
        carrying(("Cookie", "sid=aa"), ("cookie", "SID=bb")),
        carrying(("Cookie", 'theme="; sid=aa"; sid=bb')),
        carrying(("X-Api-Key", "aa"), ("x-api-key", "bb")),
        carrying(("X-Api-Key", "aa"), ("X_Api_Key", "bb")),
        carrying(query="api_key=aa&b=c&api_key=bb"),
        carrying(query="api_key=aa&API%5fKEY=bb"),
        carrying(query="a=b;api_key=aa"),
        carrying(query="api_key=aa&api.key[]=bb"),
    ),
    ("sid=", "616461"),
    Application(by_cookie),
)

FORWARDED = Case(
    "forwarded_header",
    bundled(
        "forwarded_header",
        header="Remote-User",
        groups_header="Remote-Groups",
        secret={"header": "X-Proxy-Secret", "value": SECRET},
        **{"from": ["10.1.0.0/16"]},
    ),
    lambda subject: carrying(("Remote-User", subject), ("X-Proxy-Secret", SECRET), peer="10.1.2.3"),
    (
        carrying(
            ("Remote-User", "ada"),
            ("remote-user", "eve"),
            ("X-Proxy-Secret", SECRET),
            peer="10.1.2.3",
        ),
        carrying(
            ("Remote-User", "ada"),
            ("X-Proxy-Secret", SECRET),
            ("X-Proxy-Secret", "x"),
            peer="10.1.2.3",
        ),
        carrying(
            ("Remote-User", "ada"),
            ("Remote-Groups", "staff"),
            ("Remote-Groups", "admins"),
            ("X-Proxy-Secret", SECRET),
            peer="10.1.2.3",
        ),
    ),
    (SECRET,),
)


@pytest.mark.conforms("ASVS-6.8.1")
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("case", [UPSTREAM, FORWARDED], ids=lambda case: case.name)
async def test_identity_source(check: Callable[[Case], Awaitable[None]], case: Case) -> None:
    """Each check says in its own docstring what it shows that holds."""
    await check(case)
