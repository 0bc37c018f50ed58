"""What may be configured of a person."""

import json

import pytest
from pydantic import ValidationError

from sidecar.api.config import ENDPOINTS, MAX_CONTACTS, ConfigChange, NewConfig, Switch
from sidecar.core.clients import Scope

MAIL = {"channel": "email", "address": "ada@x.test"}


def test_what_is_left_out_is_the_usual() -> None:
    """An empty change shows somebody whose factors count, and who may remove the last one."""
    assert ConfigChange().model_dump() == {"enabled": True, "required": False, "contacts": ()}
    assert NewConfig(user_id="alice").user_id == "alice"


@pytest.mark.parametrize(
    "sent",
    [
        {"enabled": "yes"},
        {"required": 1},
        {"contacts": [{"channel": "fax", "address": "1"}]},
        {"contacts": [{"channel": "email"}]},
        {"contacts": [{**MAIL, "verified": True}]},
        {"contacts": [MAIL] * (MAX_CONTACTS + 1)},
        {"epoch": 3},
    ],
)
def test_what_is_no_configuration_is_refused(sent: dict[str, object]) -> None:
    """Other types, channels, too many contacts, and what nobody may say: each shows a fault."""
    with pytest.raises(ValidationError):
        ConfigChange.model_validate_json(json.dumps(sent))


def test_a_reason_is_one_line() -> None:
    """A reason of two lines, or of none, shows a fault; none at all is fine."""
    assert Switch(user_id="alice").reason is None
    for reason in ("two\nlines", "", "x" * 256, "\u202e"):
        with pytest.raises(ValidationError):
            Switch(user_id="alice", reason=reason)


def test_reading_and_writing_take_different_scopes() -> None:
    """Endpoints that change something show the scope of writing, the other one that of reading."""
    for endpoint in ENDPOINTS:
        reads = endpoint.method == "GET"
        assert endpoint.scope is (Scope.CONFIG_READ if reads else Scope.CONFIG_WRITE)
