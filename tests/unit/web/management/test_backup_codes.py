"""Twin of sidecar/web/management/backup_codes.py: codes over the API."""

from tests.unit.flows.scene import quick_folder, scene
from tests.unit.web.management.calling import calling

NONE: dict[str, object] = {"total": 0, "used": 0, "unused": 0, "made_at": None, "codes": []}


async def test_codes_are_shown_once_and_counted() -> None:
    """New codes show once; afterwards only how many are left, and when one was used."""
    with quick_folder() as folder:
        async with scene(folder) as here, calling(here) as desk:
            program = await desk.program()
            await desk.enrolled(program)
            made = await program.post("/backup-codes/generate", user_id="ada")
            assert (made.status, made["count"], len(made["codes"])) == (201, 8, 8)
            asked = await program.post("/challenge", user_id="ada", factor="backup_codes")
            told = await desk.answer(program, asked["challenge_id"], made["codes"][2])
            assert (told.status, told["factor"]) == (200, "backup_codes")
            left = await program.get("/backup-codes/ada")
            assert left.status == 200
            codes = left.body.pop("codes")
            assert left.body == {
                "user_id": "shop:ada",
                "total": 8,
                "used": 1,
                "unused": 7,
                "made_at": "2031-05-06T12:00:10Z",
            }
            assert [one["position"] for one in codes if one["used_at"]] == [3]
            assert not [code for code in made["codes"] if code[:4] in str(codes)]


async def test_nobody_has_none() -> None:
    """Somebody unknown shows zeros, like somebody who made no codes."""
    with quick_folder() as folder:
        async with scene(folder) as here, calling(here) as desk:
            program = await desk.program()
            await desk.enrolled(program)
            for user in ("ada", "nobody"):
                told = await program.get(f"/backup-codes/{user}")
                assert (told.status, told.body) == (200, {"user_id": f"shop:{user}", **NONE})


async def test_codes_stand_in_for_something() -> None:
    """Somebody without a factor shows 409, unknown or not; without a proof 403."""
    with quick_folder() as folder:
        async with scene(folder) as here, calling(here) as desk:
            program = await desk.program()
            told = await program.post("/backup-codes/generate", user_id="nobody")
            assert (told.status, told.slug) == (409, "conflict")
            await desk.enrolled(program)
            here.clock.travel(minutes=6)
            told = await program.post("/backup-codes/generate", user_id="ada")
            assert (told.status, told["action"]) == (403, "authenticator.add:backup_codes")


async def test_a_set_that_was_disabled_is_none() -> None:
    """Codes that count no longer show as none."""
    with quick_folder() as folder:
        async with scene(folder) as here, calling(here) as desk:
            program = await desk.program()
            await desk.enrolled(program)
            await program.post("/backup-codes/generate", user_id="ada")
            await here.move("suspend")
            assert (await program.get("/backup-codes/ada"))["total"] == 0
