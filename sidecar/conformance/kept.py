"""What a factor gives to be stored comes back from the store as it went in."""

import json
from collections.abc import Iterator

from sidecar.conformance.case import Broken, Case
from sidecar.conformance.world import a_world
from sidecar.core.model import LookupCodes, Material, PublicKey, SharedSecret

LONGEST_SELECTOR = 32


async def kept(case: Case) -> None:
    """Material comes back from the store as it went in."""
    world = await a_world(case)
    for _ in "enrolled", "used":
        for fault in faults(world.authenticator.material):
            raise Broken(fault)
        await world.sign_in()


def faults(material: Material | None) -> Iterator[str]:
    """Yield what of a material the store cannot keep."""
    match material:
        case SharedSecret(secret=secret, state=state):
            if type(secret) is not bytes or not secret:
                yield "the secret of a SharedSecret is no bytes, or empty"
            yield from _state(dict(state))
        case PublicKey(credential_id=which, public_key=key, sign_count=count, state=state):
            if type(which) is not bytes or type(key) is not bytes or type(count) is not int:
                yield "a PublicKey holds something else than bytes, bytes and a whole number"
            yield from _state(dict(state))
        case LookupCodes(codes=codes):
            selectors = [code.selector for code in codes]
            if len(set(selectors)) != len(codes):
                yield "two LookupCodes have one selector"
            if any(not 0 < len(selector) <= LONGEST_SELECTOR for selector in selectors):
                yield f"a selector is empty, or longer than {LONGEST_SELECTOR} characters"
            if any(code.used_at is not None and code.used_at.tzinfo is None for code in codes):
                yield "a LookupCode was used at a moment without a time zone"
        case _:
            yield "the material is no SharedSecret, PublicKey or LookupCodes"


def _state(state: dict[str, object]) -> Iterator[str]:
    try:
        written = json.loads(json.dumps(state))
    except (TypeError, ValueError) as error:
        yield f"the state of the material cannot be written: {error}"
        return
    back = {name: tuple(one) if isinstance(one, list) else one for name, one in written.items()}
    if back != state or {name: type(one) for name, one in back.items()} != {
        name: type(one) for name, one in state.items()
    }:
        yield f"the state of the material comes back as {sorted(back)} with other values"
