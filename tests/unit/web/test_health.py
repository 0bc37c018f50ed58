"""The probes listener."""

from prometheus_client import CollectorRegistry, Counter
from pytest_aiohttp.plugin import AiohttpClient

from sidecar.core.errors import StoreUnavailable
from sidecar.web.health import build_probes


async def fine() -> None:
    """All is well."""


async def down() -> None:
    raise StoreUnavailable("the password is swordfish")


async def test_ready(aiohttp_client: AiohttpClient) -> None:
    """Parts that work show "ready", under both names."""
    client = await aiohttp_client(build_probes({"store": fine}, CollectorRegistry()))
    for path in ("/health", "/health/ready"):
        answer = await client.get(path)
        assert answer.status == 200
        assert await answer.json() == {"status": "ready", "parts": {"store": "ok"}}


async def test_not_ready(aiohttp_client: AiohttpClient) -> None:
    """A part that fails shows which one and never why; being alive does not depend on it."""
    probes = build_probes({"store": down, "other": fine}, CollectorRegistry())
    client = await aiohttp_client(probes)
    answer = await client.get("/health/ready")
    assert answer.status == 503
    assert "swordfish" not in await answer.text()
    assert (await answer.json())["parts"] == {"store": "failing", "other": "ok"}
    assert (await client.get("/health/live")).status == 200


async def test_metrics(aiohttp_client: AiohttpClient) -> None:
    """The registry's numbers show in the format that Prometheus reads, and nothing else is here."""
    registry = CollectorRegistry()
    Counter("boats", "Boats seen.", registry=registry).inc(3)
    client = await aiohttp_client(build_probes({}, registry))
    answer = await client.get("/metrics")
    assert "boats_total 3.0" in await answer.text()
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert (await client.get("/_sidecar/account")).status == 404
