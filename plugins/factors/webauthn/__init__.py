"""Passkeys and security keys: signatures by keys that are bound to the name of the site (WebAuthn).

Does not protect against scripts in a page of an allowed origin, which may ask for any signature,
nor against whoever gets into the account that a synced passkey is kept in.
Source: Web Authentication Level 3 (W3C), sections 7.1 and 7.2.
"""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from secrets import token_bytes
from typing import Annotated, Final, Literal, Self
from uuid import UUID

import structlog
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from sidecar.core.durations import parse_duration
from sidecar.core.errors import Conflict
from sidecar.core.model import (
    Authenticator,
    Enrolled,
    Prompt,
    PromptValue,
    PublicKey,
    Rejected,
    Response,
    Started,
    Verified,
)
from sidecar.core.protocols import Context, Factor, FactorTraits, Plugin, Tools

from ._answers import Assertion, Registration, assertion_of, registration_of
from ._asking import creation, request
from ._base64url import decoded, encoded
from ._keys import ALGORITHMS, Algorithm, algorithm_of, has_signed, is_sound
from ._metadata import Metadata, read_metadata
from ._place import check_place
from ._records import accepted_of, is_held, keys_of, ready_of, recorded, used, user_id_of
from ._rules import CREATE, GET, Asked, Rules, recalled, refused
from ._trust import DEMANDED, Conveyance, Trust

CHALLENGE_BYTES: Final = 32
"""Source: WebAuthn L3 §13.4.3 asks for 16; NIST 800-63B SFCVER-3 and ASVS 6.7.2 for 8."""
TIMEOUTS: Final = timedelta(minutes=5), timedelta(minutes=10)
"""Source: WebAuthn L3 §15.1 (WCAG 2.2.1: time enough for everybody)."""
ROOT_SIGNER: Final = "mds.fidoalliance.org"
"""Source: FIDO Metadata Service v3.1 §3.2."""

log = structlog.get_logger(__name__)

Duration = Annotated[timedelta, BeforeValidator(parse_duration), WithJsonSchema({"type": "string"})]
Hint = Literal["security-key", "client-device", "hybrid"]
Wish = Literal["required", "preferred", "discouraged"]


class Options(BaseModel):
    """Which keys may be set up, by which pages they may be asked, and what they must show."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    rp_id: str = Field(
        max_length=253, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$"
    )
    """The name that keys are bound to, for good: the host of every origin, or a parent of all."""
    rp_name: str = Field(min_length=1, max_length=64, pattern=r"\S")
    """Name of the service, as people see it where they choose among their keys."""
    user_verification: Wish = "preferred"
    """Whether a key has to check its user's PIN or biometric."""
    resident_key: Wish = "preferred"
    """Whether a key has to remember the account, so that browsers can offer it by itself."""
    hints: tuple[Hint, ...] = ()
    """Which kinds of keys browsers shall propose first, the best first."""
    attachment: Literal["platform", "cross-platform"] | None = None
    """Only keys that are built in, or only those that are not."""
    algorithms: tuple[Algorithm, ...] = Field(
        default=("ES256", "EdDSA", "ESP256", "Ed25519", "RS256"), min_length=1
    )
    """The kinds of signatures that new keys may make, the best first."""
    timeout: Duration = Field(default=TIMEOUTS[0], ge=TIMEOUTS[0], le=TIMEOUTS[1])
    """How long a browser waits for a key, 5 to 10 minutes."""
    attestation: Conveyance = "none"
    """Whether makers have to vouch for their keys; `direct` and `enterprise` demand it."""
    metadata: Path | None = None
    """A file of the FIDO Metadata Service: names, roots and known faults of models."""
    metadata_root: Path | None = None
    """The certificate that vouches for whoever signed the metadata; PEM or DER."""
    metadata_signer: str = ROOT_SIGNER
    """The name in the certificate that signed the metadata: a public root vouches for many."""
    allow_aaguids: tuple[UUID, ...] = ()
    """Only these models; without `direct` attestation a key is believed which it is."""
    deny_aaguids: tuple[UUID, ...] = ()
    """All models but these."""
    origins: tuple[str, ...] = ()
    """Pages that may ask for keys, exactly; the public origins where it is left out."""
    cross_origin: bool = False
    """Our pages may ask where they are embedded in pages of other origins."""
    top_origins: tuple[str, ...] = ()
    """The origins of those pages, for browsers that tell them."""
    sign_count: Literal["refuse", "warn"] = "refuse"
    """What happens where a key's counter went back, as that of a copied key does."""
    device_bound_only: bool = False
    """No keys that can be copied to other devices (NIST AAL3)."""
    max_per_person: int = Field(default=20, ge=1, le=64)
    """How many keys a person may have."""

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.attestation in DEMANDED and self.metadata is None:
            raise ValueError(f"attestation: {self.attestation} needs metadata to judge makers by")
        if (self.metadata is None) is not (self.metadata_root is None):
            raise ValueError("metadata and metadata_root go together: one vouches for the other")
        if self.top_origins and not self.cross_origin:
            raise ValueError("top_origins say nothing without cross_origin: true")
        return self


class Webauthn:
    """Passkeys and security keys."""

    traits = FactorTraits(proves="possession", amr=("pop", "user"), phishing_resistant=True)

    def __init__(self, options: Options, tools: Tools) -> None:
        origins = options.origins or tools.origins
        check_place(options.rp_id, {*origins, *tools.origins})
        self._options, self._keyed = options, tools.keyed
        self._rules = Rules(
            sha256(options.rp_id.encode()).digest(),
            frozenset(origins),
            cross_origin=options.cross_origin,
            top_origins=frozenset(options.top_origins),
        )
        self._trust = Trust(options.attestation, _metadata_of(options))

    async def begin_enrollment(self, context: Context, request: Response) -> Started:
        """A key that the person has already is not set up a second time.

        Raises:
            Conflict: the person has as many as one may have.

        """
        del request
        if len(context.held) >= self._options.max_per_person:
            raise Conflict("a person may not have more keys")
        asked, held = self._asked(context), keys_of(context.held)
        user = asked.user_id, context.label or context.person.subject
        asking = creation(self._options, asked.challenge, user, [key for _, key in held])
        data = {"options": asking, **self._names(context, asked)}
        return Started(Prompt("webauthn_enrollment", data), asked.to_bytes())

    async def finish_enrollment(
        self, context: Context, state: bytes, response: Response
    ) -> Enrolled | Rejected:
        """The steps of WebAuthn L3 §7.1; that nobody else has this key is for the store to say."""
        told = registration_of(response.get("credential", ""))
        if told is None:
            return refused("malformed")
        asked = recalled(state)
        fault = self._rules.judge(asked, context.person, told.client, data=told.data, what=CREATE)
        if fault is not None:
            return fault
        if is_held(context, told.made.credential_id):
            return refused("already-registered")
        make = self._trust.judge(told, context.now) if self._suits(told) else None
        if make is None:
            return refused("unsuitable")
        key = recorded(told, make, self._options.rp_id, asked.user_id)
        return Enrolled(key, detail=make.name)

    async def begin_challenge(
        self, context: Context, authenticators: tuple[Authenticator, ...]
    ) -> Started:
        ready, asked = ready_of(context, authenticators), self._asked(context)
        keys = [key for _, key in ready]
        data: dict[str, PromptValue] = {
            "options": request(self._options, asked.challenge, keys),
            "conditional": any(key.state.get("discoverable", True) for key in keys),
            "names": tuple(item.name for item, _ in ready),
            **self._names(context, asked),
        }
        return Started(Prompt("webauthn", data), asked.to_bytes())

    async def finish_challenge(
        self,
        context: Context,
        authenticators: tuple[Authenticator, ...],
        state: bytes,
        response: Response,
    ) -> Verified | Rejected:
        """The steps of WebAuthn L3 §7.2."""
        told = assertion_of(response.get("credential", ""))
        if told is None:
            return refused("malformed")
        asked, person = recalled(state), context.person
        for item, key in ready_of(context, authenticators):
            if key.credential_id == told.credential_id:
                fault = self._rules.judge(asked, person, told.client, data=told.data, what=GET)
                return fault or self._used(item, key, told)
        return self._unknown(context, asked, told)

    # -- one use of a key --------------------------------------------------------------------

    def _used(self, item: Authenticator, key: PublicKey, told: Assertion) -> Verified | Rejected:
        data = told.data
        handles = {b"", decoded(str(key.state["user_id"]))}
        if told.user_handle not in handles or data.is_backup_eligible() is not key.state["be"]:
            return refused()
        if not has_signed(key.public_key, data + told.client_hash, told.signature):
            return refused()
        if self._options.device_bound_only and data.is_backup_eligible():
            return refused("unsuitable")
        count, last = data.counter, key.sign_count
        if count <= last and (count or last):
            log.warning("counter.went_back", authenticator=item.id, last=last, count=count)
            if self._options.sign_count == "refuse":
                return refused("cloned")
        held = "swk" if data.is_backup_eligible() else "hwk"
        return Verified(item.id, (held, "pop", "user"), used(key, told))

    def _unknown(self, context: Context, asked: Asked, told: Assertion) -> Rejected:
        """Tell the browser to forget a key that was made for this person and is no longer held.

        Another person's, who uses the same browser, may be in use; theirs is never named.
        """
        held = is_held(context, told.credential_id)
        if held or encoded(told.user_handle) != asked.user_id:
            return refused("wrong" if held else "unknown-key")
        name = encoded(told.credential_id)
        data: dict[str, PromptValue] = {"rp_id": self._options.rp_id, "credential_id": name}
        return replace(refused("unknown-key"), tell=Prompt("signal_unknown_key", data))

    # -- a new key ----------------------------------------------------------------------------

    def _suits(self, told: Registration) -> bool:
        options, model = self._options, UUID(bytes=bytes(told.made.aaguid))
        wanted = {ALGORITHMS[name] for name in options.algorithms}
        if algorithm_of(told.made.public_key) not in wanted or not is_sound(told.made.public_key):
            return False
        if options.device_bound_only and told.data.is_backup_eligible():
            return False
        allowed = not options.allow_aaguids or model in options.allow_aaguids
        return allowed and model not in options.deny_aaguids

    # -- what is asked -------------------------------------------------------------------------

    def _asked(self, context: Context) -> Asked:
        return Asked(
            challenge=encoded(token_bytes(CHALLENGE_BYTES)),
            realm=context.person.realm,
            subject=context.person.subject,
            user_id=user_id_of(context, self._keyed),
            verify=self._options.user_verification == "required",
        )

    def _names(self, context: Context, asked: Asked) -> dict[str, PromptValue]:
        """Return what tells browsers which keys of this person are still good, where all is known.

        Without `accepted` they go on offering what they have.
        """
        names: dict[str, PromptValue] = {"rp_id": self._options.rp_id, "user_id": asked.user_id}
        accepted = accepted_of(context)
        return names if accepted is None else {**names, "accepted": accepted}


def _metadata_of(options: Options) -> Metadata | None:
    if options.metadata is None or options.metadata_root is None:
        return None
    return read_metadata(options.metadata, options.metadata_root, options.metadata_signer)


PLUGIN: Plugin[Options, Factor] = Plugin(Options, Webauthn)
