"""What the API says of itself."""

import json

import pytest
from prometheus_client import CollectorRegistry, Counter

from sidecar.api.endpoints import description, named
from sidecar.core.errors import StoreUnavailable
from sidecar.flows.naming import Naming
from sidecar.web.health import Readiness
from sidecar.web.management.about import AboutCalls
from sidecar.web.management.call import Answer, Call
from sidecar.web.management.gate import NOBODY


async def fine() -> None:
    """All is well."""


async def down() -> None:
    raise StoreUnavailable("the password is swordfish")


def calls(*, works: bool = True) -> AboutCalls:
    registry = CollectorRegistry()
    Counter("seen", "What was seen.", registry=registry).inc()
    readiness = Readiness({"store": fine if works else down}, lambda: False)
    return AboutCalls(readiness, registry, lambda: Answer(raw=b"a page"))


async def asked(name: str, *, works: bool = True) -> Answer:
    call = Call(named(name), NOBODY, "r1", Naming({"app": ()}), {})
    return await calls(works=works).handlers()[name](call)


@pytest.mark.parametrize("name", ["health", "healthReady"])
async def test_health_names_parts_and_no_reasons(name: str) -> None:
    """Health shows which part fails, never why."""
    answer = await asked(name)
    assert answer.body is not None
    assert (answer.status, answer.body.model_dump()["parts"]) == (200, {"store": "ok"})
    answer = await asked(name, works=False)
    assert answer.body is not None
    assert (answer.status, answer.body.model_dump()) == (
        *(503, {"status": "not-ready", "parts": {"store": "failing"}}),
    )


async def test_the_rest_is_told_as_it_is() -> None:
    """Being alive, metrics, description and page show what their names say."""
    alive = await asked("healthLive", works=False)
    assert alive.body is not None
    assert alive.body.model_dump() == {"status": "alive"}
    assert b"seen_total 1.0" in (await asked("metrics")).raw
    assert json.loads((await asked("openapi")).raw) == json.loads(json.dumps(description()))
    assert (await asked("docs")).raw == b"a page"
