"""The enrollment pages: guarded, verified before active, codes kept, back to where one was."""

import pytest

from tests.somebody import somebody
from tests.world import World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_wrong_invitation(here: World) -> None:
    """A code that does not work shows the page again, with what was typed."""
    who = await somebody(here, "identified")
    page = await who.visitor.open("/secret")
    page = await who.visitor.submit(page, "enroll/begin", invitation="0000000-mistyped")
    assert page.status == 403
    form = page.form("enroll/begin").fields
    assert form["invitation"] == "0000000-mistyped"
    page = await who.visitor.submit(
        page, "enroll/begin", invitation=await here.invite(who.name), factor="totp"
    )
    assert "Set up your authenticator app" in page.text


async def test_no_invitation(here: World) -> None:
    """An empty code shows whom to ask, and a way back that still knows where one was going."""
    who = await somebody(here, "identified")
    page = await who.visitor.open("/secret")
    page = await who.visitor.submit(page, "enroll/begin", invitation="")
    assert "You need an invitation code" in page.text
    back = next(link for link in page.links if "/enroll?next=" in link)
    assert "/secret" in (await who.visitor.open(back)).text


async def test_open_season(tmp_path_factory: pytest.TempPathFactory) -> None:
    """`first: open` shows no field for a code, and the same steps."""
    changes = {"enrollment": {"first": "open", "until": "2031-06-01"}}
    async with world(tmp_path_factory.mktemp("open"), changes=changes) as made:
        who = await somebody(made, "identified")
        page = await who.visitor.open("/secret")
        assert "Invitation code" not in page.text
        page = await who.visitor.submit(page, "enroll/begin")
        assert "Set up your authenticator app" in page.text


async def test_a_wrong_code_while_setting_up(here: World) -> None:
    """A wrong code shows the same key again; nothing is active before the right one."""
    who = await somebody(here, "enrolling")
    for code in ("", "000 000", "x"):
        page = await who.visitor.post(
            "/_sidecar/enroll/finish", {**who.enrollment, "code": code}, follow=0
        )
        assert page.status == 422
        assert f"secret={who.visitor.secret}" in page.text
    assert "Set up two-step sign-in" in (await who.visitor.open("/secret")).text
    page = await who.visitor.post(
        "/_sidecar/enroll/finish", {**who.enrollment, "code": who.visitor.code()}
    )
    assert "Save your backup codes" in page.text


async def test_codes_want_to_be_kept(here: World) -> None:
    """Codes without the tick show the same codes again, and only then are they in force."""
    who = await somebody(here, "enrolling")
    page = await who.visitor.post(
        "/_sidecar/enroll/finish", {**who.enrollment, "code": who.visitor.code()}
    )
    codes = page.text.partition('data-plain="')[2].partition('"')[0]
    again = await who.visitor.submit(page, "enroll/kept", follow=0)
    assert again.status == 422
    assert "Keep your codes first" in again.text
    assert codes in again.text
    assert "You have none yet" in (await who.visitor.open("/_sidecar/account")).text
    page = await who.visitor.submit(page, "enroll/kept", kept="yes")
    assert f"url={here.origin}/secret" in page.text


async def test_a_finished_enrollment_leads_on(here: World) -> None:
    """Sent twice, or opened again by the back button, it shows the way on and never a second
    beginning.
    """
    who = await somebody(here, "enrolling")
    fields = {**who.enrollment, "code": who.visitor.code()}
    assert (await who.visitor.post("/_sidecar/enroll/finish", fields, follow=0)).status == 303
    page = await who.visitor.post("/_sidecar/enroll/finish", fields, follow=0)
    assert page.status == 410
    onward = next(link for link in page.links if "/challenge?next=" in link)
    assert f"url={here.origin}/secret" in (await who.visitor.open(onward)).text
    page = await who.get(f"enroll?enrollment={fields['enrollment']}&next={fields['next']}")
    assert "/_sidecar/continue?next=" in page.location
    page = await who.get(f"enroll?enrollment={fields['enrollment']}")
    assert page.location.endswith("/_sidecar/account")


async def test_an_expired_enrollment(here: World) -> None:
    """A key left on the screen for too long shows that a new one is needed."""
    who = await somebody(here, "enrolling")
    here.clock.travel(minutes=11)
    page = await who.visitor.post(
        "/_sidecar/enroll/finish", {**who.enrollment, "code": who.visitor.code()}, follow=0
    )
    assert page.status == 410
    assert (await who.get(f"enroll?enrollment={who.enrollment['enrollment']}")).status == 410
    page = await who.visitor.open(next(link for link in page.links if "/challenge?next=" in link))
    assert "Set up two-step sign-in" in page.text


async def test_an_enrollment_of_another_person(here: World) -> None:
    """THREATS 44: another person's enrollment shows the same as one that never was."""
    who, other = await somebody(here, "enrolling"), await somebody(here, "enrolling")
    for which in (other.enrollment["enrollment"], "never-was"):
        page = await who.post("enroll/finish", enrollment=which, code=other.visitor.code())
        assert page.status == 410
        assert (await who.get(f"enroll?enrollment={which}")).status == 410


async def test_adding_comes_back(here: World) -> None:
    """Somebody led to add a method shows that, after confirming, they are led back to it and on."""
    who = await somebody(here, "pending")
    start = (await who.visitor.open("/secret")).url.partition("next=")[2]
    page = await who.get(f"enroll?next={start}")
    assert "/_sidecar/challenge?next=" in page.location
    page = await who.visitor.open(page.location)
    here.clock.travel(seconds=30)
    page = await who.visitor.submit(page, "challenge/answer", code=who.visitor.code())
    onward = page.text.partition('content="0; url=')[2].partition('"')[0]
    assert onward.endswith(f"/_sidecar/enroll?next={start}")


async def test_an_unknown_factor(here: World) -> None:
    """A factor that is not configured shows "not found"."""
    who = await somebody(here, "proven")
    assert (await who.post("enroll/begin", factor="carrier-pigeon")).status == 404
