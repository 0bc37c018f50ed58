"""What may be said of people who move."""

import json

import pytest
from pydantic import ValidationError

from sidecar.api.porting import MAX_ENTRIES, MAX_IMPORT_BYTES, MovedEntry, UsersExport, UsersImport
from sidecar.transfer.keys import make_recipient

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBV"
PUBLIC, PRIVATE = make_recipient()
OTHER, _ = make_recipient("X25519")


@pytest.mark.parametrize(
    "sent",
    [
        {"entries": []},
        {"entries": [{"user_id": "a", "secret": SECRET}] * (MAX_ENTRIES + 1)},
        {"entries": [{"user_id": ""}]},
        {"entries": [{"user_id": "a", "digits": "6"}]},
        {"entries": [{"user_id": "a", "digits": 9}]},
        {"entries": [{"user_id": "a", "algorithm": "MD5"}]},
        {"entries": [{"user_id": "a", "pin": "1"}]},
        {"entries": [{"user_id": "a", "created_at": "0001-01-01T00:00:00+14:00"}]},
        {"entries": [{"user_id": "a"}], "dry_run": "yes"},
    ],
)
def test_what_is_no_import_is_refused(sent: dict[str, object]) -> None:
    """No entries, too many, and what an entry cannot say: each shows a fault."""
    with pytest.raises(ValidationError):
        UsersImport.model_validate_json(json.dumps(sent))


def test_secrets_are_not_shown() -> None:
    """An entry that is printed shows whose it is, and neither secret nor URI."""
    entry = MovedEntry(user_id="ada", secret=SECRET, otpauth=f"otpauth://totp/x?secret={SECRET}")
    assert "ada" in repr(entry)
    assert SECRET not in repr(entry)


def test_a_full_batch_fits() -> None:
    """As many entries as may be sent at once show to fit into the body that is taken."""
    uri = f"otpauth://totp/{'a' * 200}?secret={'A' * 208}&algorithm=SHA512&digits=8&period=60"
    entries = tuple(MovedEntry(user_id="u" * 255, otpauth=uri) for _ in range(MAX_ENTRIES))
    assert len(UsersImport(entries=entries).model_dump_json()) < MAX_IMPORT_BYTES


@pytest.mark.parametrize("public", [PUBLIC, OTHER])
def test_recipients_are_those_that_are_made(public: dict[str, str]) -> None:
    """A key of either curve shows to be taken as it was made."""
    UsersExport.model_validate_json(json.dumps({"recipient": public}))


@pytest.mark.parametrize(
    "recipient", [PRIVATE, {**PUBLIC, "crv": "P-384"}, {**PUBLIC, "alg": "dir"}, {"kty": "EC"}]
)
def test_other_keys_are_no_recipients(recipient: dict[str, str]) -> None:
    """A private key, another curve or algorithm, and half a key: each shows a fault."""
    with pytest.raises(ValidationError):
        UsersExport.model_validate_json(json.dumps({"recipient": recipient}))
