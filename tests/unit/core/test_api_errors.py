"""Failures that only programs at the management API meet."""

import inspect

import pytest

from sidecar.core import api_errors
from sidecar.core.api_errors import (
    CallUnderway,
    InputFault,
    InputInvalid,
    ProofNeeded,
    ScopeMissing,
)
from sidecar.core.errors import SidecarError

CLASSES = [
    found
    for _, found in inspect.getmembers(api_errors, inspect.isclass)
    if issubclass(found, SidecarError) and found.__module__ == api_errors.__name__
]


def test_slugs_and_statuses() -> None:
    """Every slug shows its one status."""
    assert {kind.slug: kind.status for kind in CLASSES} == {
        "token-missing": 401,
        "token-refused": 401,
        "scope-missing": 403,
        "proof-needed": 403,
        "input-invalid": 422,
        "media-type-unsupported": 415,
        "method-not-allowed": 405,
        "precondition-failed": 412,
        "version-unknown": 400,
        "idempotency-key-reused": 409,
        "call-underway": 409,
    }


def test_they_say_what_is_missing() -> None:
    """A missing scope and faults of input show what a caller has to mend."""
    assert ScopeMissing("users:read").scope == "users:read"
    assert ProofNeeded("authenticator.add:totp").action == "authenticator.add:totp"
    fault = InputFault("too long", "/name")
    assert InputInvalid(fault).faults == (fault,)
    assert CallUnderway(retry_after_s=3).retry_after_s == 3


@pytest.mark.parametrize("kind", [kind for kind in CLASSES if kind.status != 409])
def test_waiting_does_not_mend_a_call(kind: type[SidecarError]) -> None:
    """A call that is wrong shows no time to wait for."""
    assert kind.retry_after_s is None
