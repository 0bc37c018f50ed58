"""What challenges and enrollments share: what is asked, and what comes back."""

from typing import Annotated, Final

from pydantic import Field

from sidecar.api.words import ApiModel, Line, Moment, UserId

MAX_FIELDS: Final = 16
MAX_FIELD_CHARS: Final = 32_000
"""An attestation with its certificates takes some thousand."""

FieldName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
FieldText = Annotated[str, Field(max_length=MAX_FIELD_CHARS)]
Fields = Annotated[
    dict[FieldName, FieldText],
    Field(max_length=MAX_FIELDS, json_schema_extra={"additionalProperties": False}),
]
"""What a prompt asks for, by the names that its kind has: `code`, `credential`, `address`."""

Code = Annotated[str, Field(min_length=1, max_length=64, examples=["123456"])]
"""A code as the person typed it; spaces and dashes in it do not matter."""

LanguageTag = Annotated[
    str, Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}$", examples=["de", "pt-BR"])
]
"""Source: BCP 47."""


Secret = Annotated[str, Field(repr=False)]
"""Told once, and in no log."""


class ForPerson(ApiModel):
    """Whom a call is about, and how they are spoken to."""

    user_id: UserId
    account: Line | None = None
    """How the person is called in their app and in messages; left out: by their subject."""
    language: LanguageTag | None = None
    """What messages are written in, where there are words in it."""


class Responding(ForPerson):
    """The response to a prompt; `code` is short for a response of one field."""

    code: Annotated[Code | None, Field(repr=False)] = None
    """A code as the person typed it; spaces and dashes in it do not matter."""
    response: Annotated[Fields | None, Field(repr=False)] = None
    """The fields that the prompt asks for."""


class Prompt(ApiModel):
    """What the person is to be asked."""

    kind: str
    """Says which fields `data` has, and which a response to it has: `code` and `message_code` ask
    for `code`; `webauthn` for `credential`, the JSON of what the browser made of `options`."""
    data: Annotated[dict[str, str | int | bool | tuple[str, ...]], Field(repr=False)]


class Step(ApiModel):
    """An open step of a ceremony."""

    factor: str
    prompt: Prompt
    expires_at: Moment
    sent_to: str | None
    """Where a message went, masked; null: there is none."""
    resend_at: Moment | None
    """When the message can be sent once more; null: no more, or there is none."""
