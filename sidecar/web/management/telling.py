"""Every error as a problem document (RFC 9457), with all that helps whoever calls."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from sidecar.core.api_errors import InputInvalid, ProofNeeded, ScopeMissing
from sidecar.core.errors import ChallengeGone, DeliveryFailed, ResponseRejected, SidecarError
from sidecar.core.replays import KeptAnswer

PROBLEM = "application/problem+json"
GONE = "it ended, was answered, or was never begun by this client for this person; begin another"
"""What became of a ceremony is told to nobody: one answer for all."""
ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "wrong": "the response is wrong; let the person try again",
        "malformed": "no such response can be right; let the person look again at what is asked",
        "already-used": "this code was used before; let the person wait for the next one",
        "clock-off": "the code is of another time; let the person set the device's clock",
        "unknown-key": "this key is not one of the person's; let them take another",
        "cloned": "this key may have been copied, so it is not taken; let the person take another",
        "unverified": "the key asked for no PIN and no biometric; let the person set one up on it",
        "unsuitable": "this kind is not allowed here; let the person take another",
        "already-registered": "this is set up already; let the person take another",
        "bad-address": "no message can be sent there; let the person look at the address",
        "region-refused": "no messages are sent to this region; offer another factor",
        "risk-not-accepted": "let the person accept first that this factor is weaker than others",
    }
)
"""What a program does about a response that was rejected, by the reason of the rejection."""
REALM = 'Bearer realm="sidecar management"'


def problem(error: SidecarError, request_id: str, types: str) -> KeptAnswer:
    """Return the answer that tells the error; `types` is where slugs are explained.

    Texts of failures of ours stay in the log: they could name what is inside.
    """
    body: dict[str, object] = {
        "type": f"{types}{error.slug}",
        "title": error.slug.replace("-", " ").capitalize(),
        "status": error.status,
        "request_id": request_id,
    }
    headers = {"Content-Type": PROBLEM}
    detail = _detail(error)
    if detail and error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        body["detail"] = detail
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    if error.status == HTTPStatus.UNAUTHORIZED:
        given = error.slug == "token-refused"
        headers["WWW-Authenticate"] = f'{REALM}, error="invalid_token"' if given else REALM
    body |= _more(error)
    if isinstance(error, ScopeMissing):
        headers["WWW-Authenticate"] = f'{REALM}, error="insufficient_scope", scope="{error.scope}"'
    return KeptAnswer(error.status, headers, json.dumps(body).encode())


def _detail(error: SidecarError) -> str:
    """Return what happened in this case, and what to do."""
    match error:
        case ChallengeGone():
            return GONE
        case ResponseRejected():
            return ADVICE.get(error.reason, error.reason)
        case _:
            return str(error)


def _more(error: SidecarError) -> dict[str, object]:
    """Return what some errors know beside their name."""
    match error:
        case InputInvalid():
            faults = [
                {"pointer": one.pointer, "detail": one.detail}
                | ({"parameter": one.parameter} if one.parameter else {})
                for one in error.faults
            ]
            return {"errors": faults}
        case ScopeMissing():
            return {"scope": error.scope}
        case ProofNeeded():
            return {"action": error.action}
        case ResponseRejected():
            told: dict[str, object] = {"reason": error.reason, "over": error.over}
            told |= {"challenge_id": error.challenge} if error.challenge else {}
            told |= {} if error.hint_s is None else {"clock_off_s": error.hint_s}
            if error.tell is not None:
                told["tell"] = {"kind": error.tell.kind, "data": dict(error.tell.data)}
            return told
        case DeliveryFailed() if error.challenge:
            return {"challenge_id": error.challenge}
        case _:
            return {}
