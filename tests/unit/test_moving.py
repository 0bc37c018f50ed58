"""Twin of sidecar/moving.py: people move into a whole sidecar, and out of it."""

from io import BytesIO
from pathlib import Path

import pyotp

from sidecar.cli.batches import entry_of
from sidecar.conformance.softkey import ORIGIN, SoftKey
from sidecar.core.model import Prompt
from sidecar.core.seeds import base32
from sidecar.transfer.forms import Form, Keys, rows
from sidecar.transfer.keys import make_recipient
from sidecar.transfer.rows import Row
from tests.programs import Program, Told, office
from tests.unit.flows.moving import OTHER, SEED

PUBLIC, PRIVATE = make_recipient()
WITH_KEYS = {
    "public": [ORIGIN],
    "factors": {
        "totp": {"issuer": "Shop"},
        "webauthn": {"rp_id": "shop.example.com", "rp_name": "Shop"},
    },
}


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


async def test_a_key_works_where_it_was_moved_to(tmp_path: Path) -> None:
    """A security key shows its person proven, phishing-resistant as before, in another
    installation of the same domain, and goes on counting there.
    """
    soft = SoftKey()
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    async with office(tmp_path / "old", WITH_KEYS) as (_, desk):
        program = await desk.program()
        begun = await program.post("/enrollments", user_id="ada", factor="webauthn")
        response = dict(soft.create(prompt_of(begun)))
        place = f"/enrollments/{begun['enrollment_id']}"
        assert (await program.post(place, user_id="ada", response=response)).status == 200
        assert (await proven(program, soft)).status == 200
        page = await program.post("/users/export", recipient=PUBLIC)
    file = BytesIO("\n".join(page["lines"]).encode())
    async with office(tmp_path / "new", WITH_KEYS) as (world, desk):
        found = list(rows(Form.SEALED, file, now=world.clock(), keys=Keys(PRIVATE)))
        entries = [
            entry_of(row, Form.SEALED).model_dump(mode="json")
            for row in found
            if isinstance(row, Row)
        ]
        program = await desk.program()
        done = await program.post("/users/import", entries=entries)
        assert (done.status, done["added"]) == (200, 1)
        for _ in range(2):
            told = await proven(program, soft)
            assert (told.status, told["level"]) == (200, "phishing_resistant")
        again = await program.post("/users/import", entries=entries)
        assert again["unchanged"] == 1


async def proven(program: Program, soft: SoftKey) -> Told:
    asked = await program.post("/challenge", user_id="ada")
    return await program.post(
        "/challenge/verify",
        user_id="ada",
        challenge_id=asked["challenge_id"],
        response=dict(soft.get(prompt_of(asked))),
    )


def prompt_of(told: Told) -> Prompt:
    return Prompt(told["prompt"]["kind"], told["prompt"]["data"])
