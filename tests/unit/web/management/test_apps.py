"""Twin of sidecar/web/management/apps.py: authenticator apps over the API."""

from base64 import b32decode

import pyotp

from tests.programs import App
from tests.unit.flows.scene import quick_folder, scene, watched
from tests.unit.web.management.calling import calling


async def test_an_app_is_set_up() -> None:
    """Setting up shows everything an app can be given; its first code shows it enabled."""
    with quick_folder() as folder:
        async with scene(folder) as here, calling(here) as desk:
            program = await desk.program()
            begun = await program.post("/totp/setup", user_id="ada", account="ada@x.test")
            assert begun.status == 201
            read = pyotp.parse_uri(begun["uri"])
            assert isinstance(read, pyotp.TOTP)
            assert (read.secret, read.issuer, read.name) == (begun["secret"], "Shop", "ada@x.test")
            assert len(b32decode(begun["secret"])) == 20
            assert (begun["digits"], begun["period"], begun["algorithm"]) == (6, 30, "SHA1")
            assert begun["expires_at"] == "2031-05-06T12:10:10Z"
            assert begun["qr_svg"].startswith('<svg class="qr" role="img" aria-label="Shop: ada@')
            assert begun["qr_png"].startswith("data:image/png;base64,")
            named = {"user_id": "ada", "enrollment_id": begun["enrollment_id"]}
            code = App(begun["secret"]).code(here.clock)
            done = await program.post("/totp/verify", **named, code=code, name="work phone")
            assert done.status == 200
            assert done.body.pop("authenticator")["name"] == "work phone"
            assert done.body == {"enabled": True, "backup_codes": "offered"}
            assert (await program.post("/totp/verify", **named, code=code)).status == 410


async def test_markup_in_a_name_stays_text() -> None:
    """An account with markup shows escaped in the image that a page may embed."""
    with quick_folder() as folder:
        async with scene(folder) as here, calling(here) as desk:
            program = await desk.program()
            told = await program.post("/totp/setup", user_id="ada", account='"><script>x</script>')
            assert "<script" not in told["qr_svg"]


async def test_a_wrong_first_code_leaves_it_open() -> None:
    """A wrong first code shows 422, and the right one after it 200."""
    with quick_folder() as folder:
        async with scene(folder) as here, calling(here) as desk:
            program = await desk.program()
            begun = await program.post("/totp/setup", user_id="ada")
            which, app = begun["enrollment_id"], App(begun["secret"])
            wrong = await program.post(
                "/totp/verify", user_id="ada", enrollment_id=which, code=app.wrong(here.clock)
            )
            assert (wrong.status, wrong["reason"]) == (422, "wrong")
            await desk.verified(program, begun)
            assert len(await here.held()) == 1


async def test_one_more_needs_a_proof() -> None:
    """A second app shows 403 with the action to have verified, then 201."""
    with quick_folder() as folder:
        async with scene(folder) as here, calling(here) as desk:
            program = await desk.program()
            app = await desk.enrolled(program)
            needed = await program.post("/totp/setup", user_id="ada")
            assert (needed.status, needed.slug) == (403, "proof-needed")
            assert (await desk.prove(program, app, action=needed["action"])).status == 200
            begun = await program.post("/totp/setup", user_id="ada")
            await desk.verified(program, begun)
            assert len(await here.held()) == 2


async def test_without_apps_there_are_none() -> None:
    """Where no factor of apps is configured, setting one up shows 404."""
    with quick_folder() as folder:
        async with (
            scene(folder, factors={"backup_codes": watched("backup_codes")}) as here,
            calling(here, app="") as desk,
        ):
            told = await (await desk.program()).post("/totp/setup", user_id="ada")
            assert (told.status, told.slug) == (404, "not-found")
