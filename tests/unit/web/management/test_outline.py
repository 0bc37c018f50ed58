"""The description as a reader wants it."""

from collections.abc import Iterator

from sidecar.api.endpoints import ENDPOINTS, TAGS, description
from sidecar.web.management.outline import Field, Operation, outline

GROUPS = outline(description())
FOUND = {operation.name: operation for group in GROUPS for operation in group.operations}


def fields(listed: tuple[Field, ...]) -> Iterator[Field]:
    for field in listed:
        yield field
        yield from fields(field.fields)


def test_every_call_is_told_in_its_group() -> None:
    """The groups show every endpoint once, in the order of the tags."""
    assert [group.name for group in GROUPS] == [*TAGS]
    assert {*FOUND} == {one.name for one in ENDPOINTS}
    assert sum(len(group.operations) for group in GROUPS) == len(ENDPOINTS)


def test_a_call_says_what_it_takes_and_needs() -> None:
    """A call shows scope, body with what is required first, example, and all its answers."""
    call: Operation = FOUND["createConfig"]
    assert (call.method, call.path, call.scope) == ("POST", "/config", "config:write")
    assert next((one.name, one.required) for one in call.body) == ("user_id", True)
    [contacts] = [one for one in call.body if one.name == "contacts"]
    assert contacts.kind == "list of object"
    assert contacts.bounds == ("at most 8 of them",)
    assert {one.name: one.kind for one in contacts.fields} == {
        "channel": '"email" | "sms"',
        "address": "string",
    }
    assert '"user_id": "alice"' in call.example
    assert {"201", "401", "403", "422", "429"} <= {told.status for told in call.told}
    assert "scope" not in call.text
    [unsound] = [told for told in call.told if told.status == "422"]
    assert unsound.slugs == ("input-invalid",)
    [id_] = [one for one in call.body if one.name == "user_id"]
    assert id_.bounds == ("1 to 320 characters",)


def test_what_may_be_left_out_says_so() -> None:
    """A moment that may be missing shows both kinds."""
    [created] = [told for told in FOUND["readConfig"].told if told.status == "200"]
    [enrolled] = [one for one in created.fields if one.name == "enrolled_at"]
    assert enrolled.kind in {"string or null", "moment (RFC 3339) or null"}


def test_nothing_is_left_unsaid() -> None:
    """Every field and parameter shows a kind, and no reference is left in it."""
    for call in FOUND.values():
        for field in (*fields(call.parameters), *fields(call.body)):
            assert field.kind, (call.name, field.name)
            assert "$" not in field.kind, (call.name, field.name)
