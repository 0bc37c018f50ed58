"""How Vault is shown who we are: a token, the service account of our pod, or an AppRole.

Source: Vault, "Token", "Kubernetes" and "AppRole" auth methods (API).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Self
from urllib.parse import quote

from pydantic import Field, SecretStr, model_validator

from sidecar.settings.key_sources.calling import PASSING, Caller, Question
from sidecar.settings.key_sources.kubernetes import ACCOUNT
from sidecar.settings.key_sources.written import ONE_KEY, Steps, Text, exactly_one, inside
from sidecar.settings.part import Part
from sidecar.settings.references import Missing, read_file


class ByAccount(Part):
    """The service account of the pod, which Vault has the cluster confirm."""

    role: Text
    """Role of Vault that is asked for."""
    mount: Steps = "kubernetes"
    """Where the method is mounted."""
    token_file: Text = f"{ACCOUNT}/token"
    """The token of the service account; one for the audience that the role wants, where it wants
    one."""


class ByRole(Part):
    """An AppRole."""

    role_id: Text
    """The role's id."""
    secret_id: SecretStr = Field(min_length=1)
    """The role's secret id."""
    mount: Steps = "approle"
    """Where the method is mounted."""


class VaultAuth(Part):
    """How we show Vault who we are: exactly one of the three."""

    model_config = ONE_KEY

    token: SecretStr | None = Field(default=None, min_length=1)
    """A token that exists already, such as one that an agent wrote: `file:/vault/token`."""
    kubernetes: ByAccount | None = None
    """The service account of the pod."""
    approle: ByRole | None = None
    """An AppRole."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        exactly_one(self, ("token", "kubernetes", "approle"))
        return self


@contextmanager
def lent(
    auth: VaultAuth, caller: Caller, address: str, named: Mapping[str, str]
) -> Iterator[Mapping[str, str]]:
    """Lend the headers of who may ask; a token that was made for this is revoked at the end.

    Left alone it would live for weeks, and every start of every replica makes another.

    Raises:
        Missing: Vault does not let us in.

    """
    if auth.token is not None:
        yield {**named, "X-Vault-Token": auth.token.get_secret_value().strip()}
        return
    headers = {**named, "X-Vault-Token": _login(auth, caller, address, named)}
    try:
        yield headers
    finally:
        with suppress(Missing, TimeoutError):  # the key is here; a batch token cannot be revoked
            caller.ask(Question("POST", f"{address}/v1/auth/token/revoke-self", headers))


def _login(auth: VaultAuth, caller: Caller, address: str, named: Mapping[str, str]) -> str:
    mount, shown = _shown(auth)
    url = f"{address}/v1/auth/{quote(mount)}/login"
    status, said = caller.ask(Question("POST", url, named, shown))
    token = inside(said, "auth").get("client_token")
    if isinstance(token, str) and token:
        return token
    match status:
        case HTTPStatus.BAD_REQUEST | HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            hint = "the role, its service accounts or secret ids, and the namespace decide"
            raise Missing(f"Vault refused the login by {mount} (status {status})", hint)
        case HTTPStatus.NOT_FOUND:
            raise Missing(f"Vault has no auth method at {mount}", "`auth` has a `mount` for it")
        case _:
            text = f"Vault answered the login by {mount} with status {status}, no token"
            raise Missing(text, passing=status in PASSING)


def _shown(auth: VaultAuth) -> tuple[str, Mapping[str, object]]:
    """Return where the method is mounted, and what it is shown."""
    if auth.kubernetes is not None:
        pod = auth.kubernetes
        return pod.mount, {"role": pod.role, "jwt": read_file(pod.token_file)}
    role = auth.approle
    assert role is not None  # noqa: S101 - one of the three is given
    secret = role.secret_id.get_secret_value()
    return role.mount, {"role_id": role.role_id, "secret_id": secret}
