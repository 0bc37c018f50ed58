"""Root keys at Amazon: a data key that KMS opens, or a secret of Secrets Manager.

boto3 finds credentials, region, endpoints and proxies where Amazon's tools find them: environment,
shared files, the container's or the machine's role.
Source: AWS KMS API, "Decrypt"; AWS Secrets Manager API, "GetSecretValue".
"""

import base64
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import AfterValidator

from sidecar.settings.key_sources.calling import PASSING
from sidecar.settings.key_sources.written import Remote, Text, as_text, field_of, inside
from sidecar.settings.references import Missing

_GONE: Final = frozenset(
    {
        *("ConnectTimeoutError", "ConnectionClosedError", "EndpointConnectionError"),
        *("ProxyConnectionError", "ReadTimeoutError"),
    }
)
"""Errors of botocore that may be over in a moment."""
_CODE: Final = re.compile(r"[A-Za-z0-9.]{1,64}")
_HINTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AccessDeniedException": "the policy of the role needs {action}",
        "DisabledException": "the KMS key is disabled",
        "ExpiredTokenException": "the credentials have expired",
        "IncorrectKeyException": "another KMS key than `key` made the ciphertext",
        "InvalidCiphertextException": "the ciphertext is not whole, of another region, or `context`"
        " is another one than it was made with",
        "InvalidSignatureException": "the secret access key is wrong, or the clock",
        "NotFoundException": "`region` and `key` say where it is",
        "ResourceNotFoundException": "`region` and `id` say where it is; a new secret has no value",
        "UnrecognizedClientException": "the access key does not exist, or not in this region",
    }
)
"""Source: the "Errors" of both calls, and AWS's "Common errors"."""


def _is_base64(value: str) -> str:
    try:
        base64.b64decode(value, validate=True)
    except ValueError:
        raise ValueError("is no base64: --output text prints it so") from None
    return value


class AwsPart(Remote):
    """A service of Amazon in one region."""

    region: Text | None = None
    """Region such as `eu-central-1`; the one of the environment where left out."""


class KmsCiphertext(AwsPart):
    """A data key that AWS KMS opens; the key that opens it never leaves KMS."""

    ciphertext: Annotated[Text, AfterValidator(_is_base64)]
    """The `CiphertextBlob` of `generate-data-key-without-plaintext`; no secret."""
    context: dict[str, str] | None = None
    """The encryption context that it was made with: names and values."""
    key: Text | None = None
    """Id or ARN of the KMS key; another one's ciphertext is refused then."""


class SecretValue(AwsPart):
    """A secret of AWS Secrets Manager."""

    id: Text
    """Name or ARN of the secret."""
    field: Text | None = None
    """Name of the field, where the secret is a JSON object."""
    stage: Text | None = None
    """Staging label of the version; `AWSCURRENT` where left out."""


def require() -> None:
    """The package is loaded; that takes seconds where a pod has little of a core, and is no wait.

    Raises:
        Missing: it is not installed.

    """
    try:
        import boto3  # noqa: F401 - is only there from now on
    except ImportError:
        hint = 'pip install "sidecar[aws]"'
        raise Missing("the package boto3 is not installed", hint) from None


def unwrap(part: KmsCiphertext) -> str:
    """Return the text of the key.

    Raises:
        Missing: KMS does not open it.

    """
    asked = {
        "CiphertextBlob": base64.b64decode(part.ciphertext),
        "EncryptionContext": part.context,
        "KeyId": part.key,
    }
    said = _ask(part, "kms", "decrypt", asked)
    plain = said.get("Plaintext")
    if not isinstance(plain, bytes):
        raise Missing("KMS answered without a plaintext: something else listens there")
    return as_text(plain)


def read_secret(part: SecretValue) -> str:
    """Return the text of the key.

    Raises:
        Missing: Secrets Manager does not give it.

    """
    asked = {"SecretId": part.id, "VersionStage": part.stage}
    said = _ask(part, "secretsmanager", "get_secret_value", asked)
    match said.get("SecretString"), said.get("SecretBinary"):
        case str(text), _:
            return text if part.field is None else field_of(text, part.field)
        case _, bytes(plain) if part.field is None:
            return as_text(plain)
        case _, bytes():
            raise Missing("the secret is binary and has no fields", "leave `field` out")
        case _:
            raise Missing("Secrets Manager answered no value: something else listens there")


def _ask(
    part: AwsPart, service: str, call: str, asked: Mapping[str, object]
) -> Mapping[str, object]:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    limit_s = part.timeout.total_seconds()
    patience = {"total_max_attempts": 2, "mode": "standard"}
    config = Config(connect_timeout=limit_s, read_timeout=limit_s, retries=patience)
    try:
        client = boto3.Session().client(service, region_name=part.region, config=config)
        said = getattr(client, call)(**{k: v for k, v in asked.items() if v is not None})
    except ClientError as error:
        raise _refusal(service, call, error.response) from None
    except (BotoCoreError, ValueError) as error:
        raise _broken(service, type(error).__name__) from None
    return said if isinstance(said, dict) else {}


def _refusal(service: str, call: str, response: Mapping[str, object]) -> Missing:
    action = f"{service}:{''.join(word.title() for word in call.split('_'))}"
    code = inside(response, "Error").get("Code")
    status = inside(response, "ResponseMetadata").get("HTTPStatusCode")
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        return Missing(f"{action} answered an error of no known form")
    hint = _HINTS.get(code, "").format(action=action)
    passing = status in PASSING or code == "ThrottlingException"
    return Missing(f"{action} was refused: {code}", hint, passing=passing)


def _broken(service: str, kind: str) -> Missing:
    match kind:
        case "NoCredentialsError" | "PartialCredentialsError" | "CredentialRetrievalError":
            hint = "environment, shared files, and the role of container or machine were looked at"
            return Missing(f"there are no credentials for {service} ({kind})", hint)
        case "NoRegionError":
            return Missing(f"no region for {service}", "write `region`, or set AWS_REGION")
        case _:
            return Missing(f"{service} cannot be asked: {kind}", passing=kind in _GONE)
