"""Twin of sidecar/api/enrollments.py: how enrollments are described."""

import pytest
from pydantic import ValidationError

from sidecar.api.enrollments import ENDPOINTS, MAX_NAME_CHARS, AppCode, NewEnrollment
from sidecar.core import names
from sidecar.core.api_errors import ProofNeeded
from sidecar.core.clients import Scope


def test_one_scope_sets_up() -> None:
    """Every call about enrollments shows the same scope; the override comes on top."""
    assert {one.scope for one in ENDPOINTS} == {Scope.ENROLLMENTS_WRITE}


def test_whoever_begins_may_be_asked_for_a_proof() -> None:
    """What begins an enrollment shows that a proof can be needed, what ends it not."""
    needing = {one.name for one in ENDPOINTS if ProofNeeded in one.all_problems}
    assert needing == {"setupTotp", "beginEnrollment"}


def test_names_are_as_long_as_on_the_pages() -> None:
    """The longest name shows to be the same everywhere."""
    assert MAX_NAME_CHARS == names.MAX_NAME_CHARS
    sent = {"user_id": "ada", "enrollment_id": "x" * 32, "code": "123456"}
    AppCode.model_validate({**sent, "name": "n" * MAX_NAME_CHARS})
    with pytest.raises(ValidationError):
        AppCode.model_validate({**sent, "name": "n" * (MAX_NAME_CHARS + 1)})


def test_nothing_need_come_with_the_beginning() -> None:
    """An enrollment shows to begin with no fields where the factor asks for none."""
    assert NewEnrollment(user_id="ada", factor="webauthn").fields == {}
