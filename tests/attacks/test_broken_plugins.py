"""A plugin that breaks lets nobody in, and leaves people another way (THREATS 47)."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.attacks.test_metrics import numbers
from tests.saboteur import BUILT, Sabotaged, gives, raises
from tests.visitor import Page, Visitor
from tests.world import World, free_port, world

pytestmark = pytest.mark.threat(47)

FACTORS = {
    "totp": {"plugin": "tests.saboteur:PLUGIN", "issuer": "Shop"},
    "backup_codes": {"count": 8},
}


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    listen = {"public": "127.0.0.1:0", "probes": f"127.0.0.1:{free_port()}"}
    changes = {"factors": FACTORS, "plugin_timeout": "6s", "listen": listen}
    async with world(tmp_path, changes=changes) as made:
        yield made


@pytest.fixture
async def ada(here: World) -> Visitor:
    """Ada, who has set everything up and has signed in anew in another browser."""
    first = here.visitor()
    await first.enroll(target="/first")
    again = here.visitor()
    again.secret, again.codes = first.secret, first.codes
    await again.sign_in()
    return again


def break_it(method: str, **how: object) -> Sabotaged:
    broken = BUILT[-1]
    broken.method = method
    for name, value in how.items():
        setattr(broken, name, value)
    return broken


async def goes_on_with_codes(ada: Visitor, page: Page) -> None:
    """The person takes another way and is let in."""
    link = next(link for link in page.links if "factor=backup_codes" in link)
    page = await ada.open(link.replace("&amp;", "&"))
    page = await ada.submit(page, "challenge/answer", code=ada.codes[0])
    assert (await ada.open("/")).status == 200


class Odd(BaseException):
    """What no `except Exception` catches; libraries have such for their own cancellation."""


@pytest.mark.parametrize(
    "how",
    [
        {"answer": raises(KeyError("s3cret"))},
        {"answer": raises(Odd("s3cret"))},
        {"answer": gives(None)},
        {"hangs": True},
    ],
    ids=["raises", "raises what few catch", "answers nonsense", "hangs"],
)
async def test_a_factor_that_cannot_ask_leaves_the_other_ways(
    here: World, ada: Visitor, how: dict[str, object]
) -> None:
    """A factor whose challenge cannot begin shows that it is out of order, a number for the log,
    and another way, by which the person gets in.
    """
    break_it("begin_challenge", **how)
    with capture_logs() as lines:
        page = await ada.open("/")
    assert page.status == 200
    assert "This way is out of order" in page.text
    (line,) = [line for line in lines if line["event"] == "plugin.failed"]
    assert line["request_id"] in page.text
    assert "s3cret" not in f"{line}{page.text}"
    assert "GET /" not in here.application.reached
    await goes_on_with_codes(ada, page)


async def test_a_factor_that_cannot_judge_proves_nothing(here: World, ada: Visitor) -> None:
    """A right answer that the plugin cannot judge shows an error page with a number and a way on;
    each is counted, so that the sixth is not looked at.
    """
    break_it("finish_challenge", answer=gives("yes"))
    for _ in range(5):
        here.clock.travel(seconds=31)
        page = await ada.submit(await ada.open("/"), "challenge/answer", code=ada.code())
        assert page.status == 500
        assert re.search(r"Number for help:", page.text)
        assert page.headers["X-Request-Id"] in page.text
        assert any(link.startswith("/_sidecar/challenge") for link in page.links)
    page = await ada.submit(await ada.open("/"), "challenge/answer", code=ada.code())
    assert page.status == 429
    assert "factor=backup_codes" in page.text
    await goes_on_with_codes(ada, page)


async def test_a_factor_that_cannot_enroll_enrolls_nobody(here: World) -> None:
    """An enrollment that breaks shows an error page, and afterwards a newcomer as before."""
    break_it("finish_enrollment", answer=gives("enrolled"))
    visitor = here.visitor()
    with pytest.raises(AssertionError, match="500"):
        await visitor.enroll()
    BUILT[-1].method = ""
    assert (await here.visitor().enroll()).status == 200


async def test_the_numbers_tell_of_it(here: World, ada: Visitor) -> None:
    """A scrape shows which factor failed, and how."""
    break_it("begin_challenge", hangs=True)
    await ada.open("/")
    port = here.loaded.settings.listen.probes
    assert port is not None
    told = await numbers(port.port)
    assert 'sidecar_plugin_calls_total{call="timed_out",factor="totp"} 1.0' in told
