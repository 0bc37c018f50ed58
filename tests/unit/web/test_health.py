"""The probes listener."""

import pytest
from prometheus_client import CollectorRegistry, Counter
from pytest_aiohttp.plugin import AiohttpClient

from sidecar.core.errors import StoreUnavailable
from sidecar.web.health import Readiness, build_probes


async def fine() -> None:
    """All is well."""


async def down() -> None:
    raise StoreUnavailable("the password is swordfish")


def serving() -> bool:
    return False


async def test_ready(aiohttp_client: AiohttpClient) -> None:
    """Parts that work show "ready", under both names."""
    client = await aiohttp_client(
        build_probes(Readiness({"store": fine}, serving), CollectorRegistry())
    )
    for path in ("/health", "/health/ready"):
        answer = await client.get(path)
        assert answer.status == 200
        assert await answer.json() == {"status": "ready", "parts": {"store": "ok"}}


async def test_not_ready(aiohttp_client: AiohttpClient) -> None:
    """A part that fails shows which one and never why; being alive does not depend on it."""
    probes = build_probes(Readiness({"store": down, "other": fine}, serving), CollectorRegistry())
    client = await aiohttp_client(probes)
    answer = await client.get("/health/ready")
    assert answer.status == 503
    assert "swordfish" not in await answer.text()
    assert (await answer.json())["parts"] == {"store": "failing", "other": "ok"}
    assert (await client.get("/health/live")).status == 200


async def test_what_can_be_borne_keeps_nobody_away(aiohttp_client: AiohttpClient) -> None:
    """A failing part without which requests are served shows ready, and that it fails; once it
    cannot be borne any more, not ready.
    """
    borne = {"redis"}
    checks = {"redis": down, "store": fine}
    probes = build_probes(Readiness(checks, serving, lambda: borne), CollectorRegistry())
    client = await aiohttp_client(probes)
    parts = {"redis": "failing", "store": "ok"}
    answer = await client.get("/health/ready")
    assert (answer.status, await answer.json()) == (200, {"status": "ready", "parts": parts})
    borne.clear()
    answer = await client.get("/health/ready")
    assert (answer.status, await answer.json()) == (503, {"status": "not-ready", "parts": parts})


async def test_metrics(aiohttp_client: AiohttpClient) -> None:
    """The registry's numbers show in the format that Prometheus reads, and nothing else is here."""
    registry = CollectorRegistry()
    Counter("boats", "Boats seen.", registry=registry).inc(3)
    client = await aiohttp_client(build_probes(Readiness({}, serving), registry))
    answer = await client.get("/metrics")
    assert "boats_total 3.0" in await answer.text()
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert (await client.get("/_sidecar/account")).status == 404


async def test_draining(aiohttp_client: AiohttpClient) -> None:
    """A process that takes nothing new shows not ready, why, and alive all the same."""
    stopping = False
    probes = build_probes(Readiness({"store": fine}, lambda: stopping), CollectorRegistry())
    client = await aiohttp_client(probes)
    assert (await client.get("/health/ready")).status == 200
    stopping = True
    answer = await client.get("/health/ready")
    assert answer.status == 503
    told = await answer.json()
    assert told == {"status": "not-ready", "parts": {"store": "ok", "draining": "yes"}}
    assert (await client.get("/health/live")).status == 200


@pytest.mark.parametrize(
    ("accepted", "form"),
    [
        ("", "text/plain"),
        ("text/plain;version=x", "text/plain"),
        ("application/openmetrics-text;version=abc;escaping=?", "application/openmetrics-text"),
        (
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,*/*;q=0.1",
            "application/openmetrics-text",
        ),
    ],
)
async def test_metrics_in_the_form_that_is_asked_for(
    aiohttp_client: AiohttpClient, accepted: str, form: str
) -> None:
    """OpenMetrics shows where it is accepted, plain text else; odd wishes break nothing."""
    registry = CollectorRegistry()
    Counter("boats", "Boats seen.", registry=registry).inc(3)
    client = await aiohttp_client(build_probes(Readiness({}, serving), registry))
    answer = await client.get("/metrics", headers={"Accept": accepted})
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith(form)
    text = await answer.text()
    assert "boats_total 3.0" in text
    assert text.endswith("# EOF\n") == (form != "text/plain")
