"""What is the same for everybody."""

import json

import pytest

from tests.somebody import somebody
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_files_are_kept_for_ever(here: World) -> None:
    """A style sheet named by a page shows that it may be kept, and asks nobody who is there."""
    who = await somebody(here, "identified")
    page = await who.get("enroll")
    name = page.text.partition("/_sidecar/static/page.")[2].partition('"')[0]
    asked = sum(one.target == "/whoami" for one in here.application.seen)
    sheet = await who.visitor.fetch(f"/_sidecar/static/page.{name}")
    assert sheet.status == 200
    assert sheet.headers["Content-Type"].startswith("text/css")
    assert sheet.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert sheet.headers["X-Content-Type-Options"] == "nosniff"
    assert sum(one.target == "/whoami" for one in here.application.seen) == asked


@pytest.mark.parametrize("name", ["page.css", "..%2fbase.html", "page.000000000000.css"])
async def test_no_other_file(here: World, name: str) -> None:
    """A name that no page gives out shows nothing, a path neither."""
    page = await here.visitor().fetch(f"/_sidecar/static/{name}")
    assert page.status in {400, 404}


async def test_no_file_is_a_worker(here: World) -> None:
    """THREATS 31: a script of ours asked for as a service worker shows that it is refused."""
    who = await somebody(here, "identified")
    text = (await who.get("enroll")).text
    src = next(part for part in text.split('"') if part.endswith(".js"))
    headers = {"Service-Worker": "script", "Sec-Fetch-Mode": "same-origin"}
    assert (await who.visitor.fetch(src)).status == 200
    assert (await who.visitor.send("GET", src, headers=headers)).status == 403


async def test_keys(here: World) -> None:
    """The key set shows public parts only, to whoever asks."""
    page = await here.visitor().fetch("/_sidecar/.well-known/jwks.json")
    keys = json.loads(page.text)["keys"]
    assert page.headers["Content-Type"].startswith("application/jwk-set+json")
    assert keys
    assert all("d" not in key for key in keys)


@pytest.mark.parametrize("slug", ["not-found", "too-many-attempts", "internal-error"])
async def test_what_a_problem_means(here: World, slug: str) -> None:
    """The address in a problem document shows a page that explains it."""
    page = await here.visitor().open(f"/_sidecar/problems/{slug}")
    assert page.status == 200
    assert "<h1>" in page.text


async def test_an_unknown_problem(here: World) -> None:
    """A slug that does not exist shows "not found"."""
    assert (await here.visitor().open("/_sidecar/problems/nonsense")).status == 404
