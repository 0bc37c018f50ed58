"""`from:` of a root key: exactly one place, and the key that is found there."""

from collections.abc import Mapping
from typing import Final, Self, assert_never

from pydantic import model_validator

from sidecar.settings.key_sources import aws, kubernetes, places, vault
from sidecar.settings.key_sources.aws import AwsPart, KmsCiphertext, SecretValue
from sidecar.settings.key_sources.calling import in_time
from sidecar.settings.key_sources.kubernetes import KubernetesSecret
from sidecar.settings.key_sources.vault import VaultSecret, VaultTransit
from sidecar.settings.key_sources.written import ONE_KEY, Text, exactly_one
from sidecar.settings.part import Part
from sidecar.settings.references import read_file

HERE: Final = ("env", "file", "command")
FAR: Final = ("kubernetes", "vault", "vault_transit", "aws_kms", "aws_secret")

Asked = KubernetesSecret | VaultSecret | VaultTransit | KmsCiphertext | SecretValue


class KeySource(Part):
    """Where a root key comes from: exactly one of these."""

    model_config = ONE_KEY

    env: Text | None = None
    """An environment variable."""
    file: Text | None = None
    """A file."""
    command: tuple[str, ...] | None = None
    """A program and its arguments, whose output is the key."""
    kubernetes: KubernetesSecret | None = None
    """An entry of a Secret, through the API server."""
    vault: VaultSecret | None = None
    """A field of a secret of HashiCorp Vault or OpenBao."""
    vault_transit: VaultTransit | None = None
    """A ciphertext that the transit engine of Vault or OpenBao opens."""
    aws_kms: KmsCiphertext | None = None
    """A ciphertext that AWS KMS opens; needs the extra `aws`."""
    aws_secret: SecretValue | None = None
    """A secret of AWS Secrets Manager; needs the extra `aws`."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.command is not None and not self.command:
            raise ValueError("a command has at least one word")
        exactly_one(self, (*HERE, *FAR))
        return self

    @property
    def kind(self) -> str:
        """Which of the places it is."""
        return exactly_one(self, (*HERE, *FAR))

    @property
    def asked(self) -> Asked | None:
        """What is asked over a network; None for a place on this machine."""
        return (
            self.kubernetes or self.vault or self.vault_transit or self.aws_kms or self.aws_secret
        )


def fetch(source: KeySource, env: Mapping[str, str]) -> str:
    """Return the text of a key from wherever it is kept.

    Raises:
        Missing: it is not there, or what keeps it does not give it, or not in time.

    """
    asked = source.asked
    if isinstance(asked, AwsPart):
        aws.require()
    if asked is not None:
        return in_time(lambda: _ask(asked, env), asked.timeout)
    if source.command is not None:
        return places.output(source.command, env)
    if source.file is not None:
        return read_file(source.file)
    return places.variable(source.env or "", env)


def _ask(asked: Asked, env: Mapping[str, str]) -> str:
    match asked:
        case KubernetesSecret():
            text = kubernetes.read(asked, env)
        case VaultSecret():
            text = vault.read_secret(asked)
        case VaultTransit():
            text = vault.unwrap(asked)
        case KmsCiphertext():
            text = aws.unwrap(asked)
        case SecretValue():
            text = aws.read_secret(asked)
        case _ as never:
            assert_never(never)
    return text
