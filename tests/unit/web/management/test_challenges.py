"""Twin of sidecar/web/management/challenges.py: asking for proofs over the API."""

from pathlib import Path

from joserfc import jwt

from sidecar.core.clients import Scope
from sidecar.core.errors import DeliveryFailed
from tests.unit.flows.scene import quick_folder, scene
from tests.unit.flows.sending import posting
from tests.unit.web.management.calling import KEY, calling


async def test_a_challenge_is_asked_and_verified() -> None:
    """A challenge shows its prompt; its answer shows what was proven, also signed."""
    with quick_folder() as folder:
        async with scene(folder) as here, calling(here) as desk:
            program = await desk.program()
            app = await desk.enrolled(program)
            here.clock.travel(seconds=30)
            asked = await program.post("/challenge", user_id="ada", action="payment:1")
            assert asked.status == 201
            which = asked.body.pop("challenge_id")
            assert asked.body == {
                "factor": "totp",
                "prompt": {"kind": "code", "data": {"digits": 6, "names": ["totp"]}},
                "expires_at": "2031-05-06T12:10:40Z",
                "sent_to": None,
                "resend_at": None,
            }
            told = await desk.answer(program, which, app.code(here.clock))
            assert told.status == 200
            result = jwt.decode(told.body.pop("result"), KEY, ["ES256"])
            assert told.body == {
                "verified": True,
                "challenge_id": which,
                "level": "two_factor",
                "amr": ["otp", "mfa"],
                "factor": "totp",
                "authenticator_id": await here.first_of(),
                "at": "2031-05-06T12:00:40Z",
                "action": "payment:1",
            }
            assert result.claims["aud"] == program.token.client.id
            assert result.claims["challenge_id"] == which


async def test_wrong_answers_say_so() -> None:
    """A wrong code shows 422 with its reason, a used one too, a second answer 410, too many 429."""
    with quick_folder() as folder:
        async with scene(folder) as here, calling(here) as desk:
            program = await desk.program()
            app = await desk.enrolled(program)
            which = await desk.begun(program)
            used = await desk.answer(program, which, app.code(here.clock))
            assert (used.status, used["reason"], used["over"]) == (422, "already-used", False)
            wrong = await desk.answer(program, which, app.wrong(here.clock))
            assert (wrong.status, wrong.slug, wrong["reason"]) == (
                422,
                "response-rejected",
                "wrong",
            )
            here.clock.travel(seconds=30)
            assert (await desk.answer(program, which, app.code(here.clock))).status == 200
            gone = await desk.answer(program, which, app.code(here.clock))
            assert (gone.status, gone.slug) == (410, "challenge-gone")
            which = await desk.begun(program)
            for _ in range(3):
                await desk.answer(program, which, app.wrong(here.clock))
            many = await desk.answer(program, which, app.wrong(here.clock))
            assert (many.status, many.slug) == (429, "too-many-attempts")
            assert int(many.headers["Retry-After"]) > 0


async def test_a_clock_that_is_off_is_told() -> None:
    """Two codes of the same wrong time show by how much the device's clock is off."""
    with quick_folder() as folder:
        async with scene(folder) as here, calling(here) as desk:
            program = await desk.program()
            app = await desk.enrolled(program)
            here.clock.travel(minutes=10)
            which = await desk.begun(program)
            await desk.answer(program, which, app.code(here.clock, ahead=-6))
            here.clock.travel(seconds=30)
            told = await desk.answer(program, which, app.code(here.clock, ahead=-6))
            assert (told["reason"], told["clock_off_s"]) == ("clock-off", -180)


async def test_strangers_and_people_without_a_factor_are_told_alike() -> None:
    """Somebody unknown, and somebody who set up nothing, show the same 404 but for the number."""
    with quick_folder() as folder:
        async with scene(folder) as here, calling(here) as desk:
            program = await desk.program()
            await here.enter()
            known = await program.post("/challenge", user_id="ada")
            unknown = await program.post("/challenge", user_id="nobody")
            for told in (known, unknown):
                assert told.body.pop("request_id")
            assert (known.status, known.body) == (unknown.status, unknown.body)
            assert known.status == 404


async def test_what_is_sent_shows_where(tmp_path: Path) -> None:
    """A code by message shows its masked address; sent again, it shows the same challenge."""
    async with posting(tmp_path) as post, calling(post.scene) as desk:
        await post.confirmed()
        program = await desk.program(Scope.CHALLENGES_WRITE)
        asked = await program.post("/challenge", user_id="ada", factor="sms", language="de")
        assert (asked.status, asked["sent_to"]) == (201, "+49 ••• ••42")
        named = {"user_id": "ada", "challenge_id": asked["challenge_id"]}
        early = await program.post("/challenge/resend", **named)
        assert (early.status, early.slug) == (429, "too-many-attempts")
        post.clock.travel(seconds=int(early.headers["Retry-After"]))
        again = await program.post("/challenge/resend", **named)
        assert (again.status, again["challenge_id"]) == (200, asked["challenge_id"])
        told = await program.post("/challenge/verify", **named, response={"code": post.code()})
        assert (told.status, told["amr"]) == (200, ["sms", "mfa"])


async def test_a_code_that_does_not_go_out_says_so(tmp_path: Path) -> None:
    """A provider that takes nothing shows 502, with the challenge that stays open."""
    async with posting(tmp_path) as post, calling(post.scene) as desk:
        await post.confirmed()
        program = await desk.program()
        post.texts.broken = DeliveryFailed("down")
        told = await program.post("/challenge", user_id="ada")
        assert (told.status, told.slug) == (502, "delivery-failed")
        assert told["challenge_id"]
