"""Every error as a problem document (RFC 9457), with all that helps whoever calls."""

import json
from http import HTTPStatus

from sidecar.core.api_errors import InputInvalid, ProofNeeded, ScopeMissing
from sidecar.core.errors import ChallengeGone, DeliveryFailed, ResponseRejected, SidecarError
from sidecar.core.replays import KeptAnswer

PROBLEM = "application/problem+json"
GONE = "it ended, was answered, or was never begun by this client for this person; begin another"
"""What became of a ceremony is told to nobody: one answer for all."""
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
    detail = GONE if isinstance(error, ChallengeGone) else str(error)
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
