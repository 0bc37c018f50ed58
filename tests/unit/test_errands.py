"""Twin of sidecar/errands.py: what a whole sidecar does for programs."""

import json
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import KeySet

from tests.programs import office


async def test_results_are_verified_with_the_published_keys(tmp_path: Path) -> None:
    """A result shows to be signed by a key that the public origin lists, in its name."""
    async with office(tmp_path) as (world, desk):
        program = await desk.program()
        app = await desk.enrolled(program)
        told = await desk.prove(program, app, action="payment:4711")
        published = await world.visitor().fetch("/_sidecar/.well-known/jwks.json")
        result = jwt.decode(
            told["result"], KeySet.import_key_set(json.loads(published.text)), ["ES256"]
        )
        assert result.header["typ"] == "challenge-result+jwt"
        assert (result.claims["iss"], result.claims["sub"]) == (world.origin, "ada")
        assert result.claims["aud"] == program.token.client.id
