"""A root key in a Secret, read through the API server of the cluster that the pod runs in.

Source: Kubernetes, "Accessing the Kubernetes API from a Pod", "Directly accessing the REST API".
"""

from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import quote

from pydantic import Field

from sidecar.settings.key_sources.calling import PASSING, Caller, Question, trusting
from sidecar.settings.key_sources.places import variable
from sidecar.settings.key_sources.written import Remote, as_text, decoded, inside, wrapping
from sidecar.settings.references import Missing, read_file

_WAY: Final = wrapping("kubernetes")
ACCOUNT: Final = "/var/run/secrets/kubernetes.io/serviceaccount"

_NAME: Final = r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"
"""Source: RFC 1123 §2.1, as Kubernetes reads it."""


class KubernetesSecret(Remote):
    """One entry of a Secret; the service account of the pod must be allowed to get it."""

    secret: Annotated[str, Field(pattern=_NAME)]
    """Name of the Secret."""
    key: Annotated[str, Field(pattern=r"^[-._a-zA-Z0-9]{1,253}$")]
    """Name of the entry in it."""
    namespace: Annotated[str, Field(pattern=_NAME)] | None = None
    """Where the Secret lies; the namespace of the pod where left out."""
    account: Annotated[str, Field(min_length=1)] = ACCOUNT
    """Folder with `token`, `ca.crt` and `namespace` of the service account."""


def read(part: KubernetesSecret, env: Mapping[str, str]) -> str:
    """Return the text of the key.

    Raises:
        Missing: this is no pod, or the API server does not give it.
        TimeoutError: the API server is late.

    """
    account = Path(part.account)
    host, port = (variable(f"KUBERNETES_SERVICE_{name}", env) for name in ("HOST", "PORT"))
    server = f"https://{f'[{host}]' if ':' in host else host}:{port}"
    token = read_file(str(account / "token"))
    space = part.namespace or read_file(str(account / "namespace"))
    caller = Caller("the API server", part.timeout, trusting(str(account / "ca.crt")))
    url = f"{server}/api/v1/namespaces/{quote(space, safe='')}/secrets/{part.secret}"
    status, said = caller.ask(Question("GET", url, {"Authorization": f"Bearer {token}"}))
    if status != HTTPStatus.OK:
        raise _refusal(status, part, space)
    value = inside(said, "data").get(part.key)
    if value is None:
        raise Missing(f"the Secret {part.secret} has no entry {part.key}", _WAY)
    return as_text(decoded(value, "the API server"))


def _refusal(status: int, part: KubernetesSecret, space: str) -> Missing:
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return Missing("the API server does not know the token of the service account")
        case HTTPStatus.FORBIDDEN:
            hint = (
                "a Role has to allow it: "
                f"{{apiGroups: [''], resources: [secrets], resourceNames: [{part.secret}], "
                "verbs: [get]}"
            )
            text = f"the service account may not get the Secret {part.secret} in {space}"
            return Missing(text, hint)
        case HTTPStatus.NOT_FOUND:
            return Missing(f"there is no Secret {part.secret} in the namespace {space}", _WAY)
        case _:
            text = f"the API server answered with status {status}"
            return Missing(text, passing=status in PASSING)
