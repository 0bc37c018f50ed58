"""Twin of sidecar/api/backup_codes.py: how codes are described."""

from sidecar.api.backup_codes import GENERATE, READ, CodesLeft, CodeUse
from sidecar.core.clients import Scope


def test_reading_and_making_are_two_scopes() -> None:
    """Whoever may count codes shows not to be able to make any."""
    assert (READ.scope, GENERATE.scope) == (Scope.BACKUP_CODES_READ, Scope.BACKUP_CODES_WRITE)


def test_no_code_is_ever_counted_by_its_letters() -> None:
    """What is told of a set shows no field for a code, nor for how one begins."""
    assert {*CodeUse.model_fields} == {"position", "used_at"}
    assert {*CodesLeft.model_fields} == {
        *("user_id", "total", "used", "unused", "made_at", "codes"),
    }
