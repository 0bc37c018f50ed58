"""Twin of sidecar/moving.py: people move into a whole sidecar, and out of it."""

from pathlib import Path

import pyotp

from sidecar.core.seeds import base32
from sidecar.transfer.keys import make_recipient
from tests.programs import office
from tests.unit.flows.moving import OTHER, SEED

PUBLIC, _ = make_recipient()


async def test_whoever_moved_in_proves_by_the_codes_of_their_old_app(tmp_path: Path) -> None:
    """A person whom a program takes in shows as proven by it, at once, and goes out sealed."""
    async with office(tmp_path) as (world, desk):
        program = await desk.program()
        entries = [
            {"user_id": "ada", "secret": base32(SEED.secret)},
            {"user_id": "bob", "secret": base32(OTHER.secret), "algorithm": "SHA256", "digits": 8},
        ]
        done = await program.post("/users/import", entries=entries)
        assert (done.status, done["added"]) == (200, 2)
        begun = await program.post("/challenge", user_id="ada")
        code = pyotp.TOTP(base32(SEED.secret)).at(world.clock())
        told = await program.post(
            "/challenge/verify", user_id="ada", challenge_id=begun["challenge_id"], code=code
        )
        assert told.status == 200, told.body
        page = await program.post("/users/export", recipient=PUBLIC)
        assert len(page["lines"]) == 4
