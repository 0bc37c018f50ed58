"""Twin of sidecar/web/management/enrollments.py: setting up any factor over the API."""

import json
from dataclasses import replace
from pathlib import Path
from typing import cast

from sidecar.conformance.softkey import ORIGIN, SoftKey
from sidecar.core.model import Prompt
from sidecar.core.protocols import Factor
from sidecar.loader import Role, build, resolve
from tests.conformance.lent import lent
from tests.programs import App, Told
from tests.unit.flows.scene import OPTIONS, quick_folder, scene, watched
from tests.unit.flows.sending import NUMBER, posting
from tests.unit.web.management.calling import calling


def keys() -> Factor:
    """Return the factor of security keys, for pages of the softkey's origin."""
    plugin = resolve(Role.FACTORS, "webauthn")
    options = plugin.options.model_validate({"rp_id": "shop.example.com", "rp_name": "Shop"})
    tools = replace(lent("webauthn"), origins=(ORIGIN,))
    return cast("Factor", build(plugin, options, tools))


def prompt(told: Told) -> Prompt:
    """Return the prompt as the caller's page would give it to a browser."""
    shown = told["prompt"]
    return Prompt(shown["kind"], shown["data"])


async def test_a_key_is_set_up_and_used_by_the_callers_page() -> None:
    """A security key shows to be registered and used with the options that the API gives."""
    with quick_folder() as folder:
        factors = {name: watched(name) for name in OPTIONS} | {"webauthn": keys()}
        async with scene(folder, factors=factors) as here, calling(here) as desk:
            program, soft = await desk.program(), SoftKey()
            begun = await program.post("/enrollments", user_id="ada", factor="webauthn")
            assert begun.status == 201
            assert json.loads(begun["prompt"]["data"]["options"])["rp"]["id"] == "shop.example.com"
            done = await program.post(
                f"/enrollments/{begun['enrollment_id']}",
                user_id="ada",
                response=dict(soft.create(prompt(begun))),
                name="blue key",
            )
            assert (done.status, done["status"], done["step"]) == (200, "active", None)
            assert done["authenticator"]["level"] == "phishing_resistant"
            asked = await program.post("/challenge", user_id="ada")
            told = await program.post(
                "/challenge/verify",
                user_id="ada",
                challenge_id=asked["challenge_id"],
                response=dict(soft.get(prompt(asked))),
            )
            assert (told.status, told["level"]) == (200, "phishing_resistant")
            assert told["amr"] == ["hwk", "pop", "user", "mfa"]


async def test_a_page_of_another_origin_registers_nothing() -> None:
    """A key's answer for another origin shows rejected; the enrollment goes on under another id."""
    with quick_folder() as folder:
        async with scene(folder, factors={"webauthn": keys()}) as here, calling(here) as desk:
            program = await desk.program()
            begun = await program.post("/enrollments", user_id="ada", factor="webauthn")
            evil = SoftKey().create(prompt(begun), origin="https://evil.example.com")
            told = await program.post(
                f"/enrollments/{begun['enrollment_id']}", user_id="ada", response=dict(evil)
            )
            assert (told.status, told["over"]) == (422, True)
            assert told["challenge_id"] not in {"", begun["enrollment_id"]}


async def test_a_number_takes_its_steps(tmp_path: Path) -> None:
    """A number shows the step of its code, which can be sent again, then the authenticator."""
    async with posting(tmp_path) as post, calling(post.scene) as desk:
        program = await desk.program()
        begun = await program.post("/enrollments", user_id="ada", factor="sms")
        assert begun["prompt"]["kind"] == "address"
        step = await program.post(
            f"/enrollments/{begun['enrollment_id']}",
            user_id="ada",
            response={"address": NUMBER, "accept_risk": "yes"},
        )
        assert (step.status, step["status"], step["authenticator"]) == (200, "pending", None)
        which = step["step"]["enrollment_id"]
        assert step["step"]["sent_to"] == "+49 ••• ••42"
        post.clock.travel(minutes=2)
        again = await program.post(f"/enrollments/{which}/resend", user_id="ada")
        assert (again.status, again["enrollment_id"]) == (200, which)
        done = await program.post(f"/enrollments/{which}", user_id="ada", code=post.code())
        assert (done["status"], done["authenticator"]["detail"]) == ("active", "+49 ••• ••42")


async def test_an_app_is_a_factor_like_any() -> None:
    """An app shows to be set up by the general calls too."""
    with quick_folder() as folder:
        async with scene(folder) as here, calling(here) as desk:
            program = await desk.program()
            begun = await program.post("/enrollments", user_id="ada", factor="totp")
            app = App(begun["prompt"]["data"]["secret"])
            path = f"/enrollments/{begun['enrollment_id']}"
            done = await program.post(path, user_id="ada", code=app.code(here.clock))
            assert done["status"] == "active"


async def test_anothers_enrollment_is_not_there() -> None:
    """One person's enrollment under another's name, and one that never was, show the same 410."""
    with quick_folder() as folder:
        async with scene(folder) as here, calling(here) as desk:
            program = await desk.program()
            begun = await program.post("/enrollments", user_id="ada", factor="totp")
            code = App(begun["prompt"]["data"]["secret"]).code(here.clock)
            await program.post("/enrollments", user_id="grace", factor="totp")
            for user, which in (
                ("grace", begun["enrollment_id"]),
                ("nobody", begun["enrollment_id"]),
                ("ada", "x" * 32),
            ):
                told = await program.post(f"/enrollments/{which}", user_id=user, code=code)
                assert (told.status, told.slug) == (410, "challenge-gone")
            assert await here.held() == ()
