"""`sidecar keys wrap`: how a root key gets to where it is kept, by the vendor's own commands."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Final

import typer


class Kind(StrEnum):
    """Where a root key can be kept, away from this machine."""

    KUBERNETES = "kubernetes"
    VAULT = "vault"
    VAULT_TRANSIT = "vault_transit"
    AWS_KMS = "aws_kms"
    AWS_SECRET = "aws_secret"  # noqa: S105 - the name of a place


_KUBERNETES: Final = """\
# Once: who runs the sidecar may get this one Secret, and nothing else.
kubectl -n shop create role sidecar-keys --verb=get --resource=secrets --resource-name=sidecar-keys
kubectl -n shop create rolebinding sidecar-keys --role=sidecar-keys --serviceaccount=shop:sidecar
# A new key, which no shell and no process list gets to see:
sidecar keys generate --bare |
  kubectl -n shop create secret generic sidecar-keys --from-file={id}=/dev/stdin

# in sidecar.yaml (simpler, where the Secret can be mounted: from: {{file: /keys/{id}}}):
keys:
  - id: {id}
    from:
      kubernetes: {{secret: sidecar-keys, key: {id}}}
"""
_VAULT: Final = """\
# Once: the policy of the sidecar.
vault policy write sidecar - <<'END'
path "secret/data/sidecar/{id}" {{ capabilities = ["read"] }}
END
# A new key, which no shell and no process list gets to see:
sidecar keys generate --bare | vault kv put -mount=secret sidecar/{id} key=-

# in sidecar.yaml (auth: token, kubernetes or approle):
keys:
  - id: {id}
    from:
      vault:
        address: https://vault.internal:8200
        path: sidecar/{id}
        field: key
        auth: {{kubernetes: {{role: sidecar}}}}
"""
_TRANSIT: Final = """\
# Once: a key that never leaves Vault, and the policy of the sidecar.
vault secrets enable transit
vault write -f transit/keys/sidecar
vault policy write sidecar - <<'END'
path "transit/decrypt/sidecar" {{ capabilities = ["update"] }}
END
# A new root key, wrapped; nobody gets to see it:
vault write -f -field=ciphertext transit/datakey/wrapped/sidecar

# in sidecar.yaml (auth: token, kubernetes or approle):
keys:
  - id: {id}
    from:
      vault_transit:
        address: https://vault.internal:8200
        key: sidecar
        ciphertext: vault:v1:PASTEITHERE=
        auth: {{kubernetes: {{role: sidecar}}}}
"""
_KMS: Final = """\
# Once: a key that never leaves KMS. The role of the sidecar needs kms:Decrypt with it.
aws kms create-key --description sidecar --query KeyMetadata.KeyId --output text
aws kms create-alias --alias-name alias/sidecar --target-key-id KEY_ID
# A new root key, wrapped; nobody gets to see it:
aws kms generate-data-key-without-plaintext --key-id alias/sidecar --key-spec AES_256 \\
  --encryption-context purpose=sidecar --query CiphertextBlob --output text

# in sidecar.yaml:
keys:
  - id: {id}
    from:
      aws_kms:
        ciphertext: PASTEITHERE=
        context: {{purpose: sidecar}}
        region: eu-central-1
"""
_STORED: Final = """\
# A new key, which no shell and no process list gets to see. The role of the sidecar needs
# secretsmanager:GetSecretValue on this secret.
sidecar keys generate --bare |
  aws secretsmanager create-secret --name sidecar/{id} --secret-string file:///dev/stdin

# in sidecar.yaml:
keys:
  - id: {id}
    from:
      aws_secret: {{id: sidecar/{id}, region: eu-central-1}}
"""
WAYS: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        Kind.KUBERNETES: _KUBERNETES,
        Kind.VAULT: _VAULT,
        Kind.VAULT_TRANSIT: _TRANSIT,
        Kind.AWS_KMS: _KMS,
        Kind.AWS_SECRET: _STORED,
    }
)


def wrap(
    kind: Annotated[Kind, typer.Argument(help="Where the key shall be kept.")],
    *,
    name: Annotated[str, typer.Option("--id", help="The id of the key in sidecar.yaml.")] = "k1",
) -> None:
    """Print the commands that put a new root key into a vault, and the lines of sidecar.yaml.

    Nothing is run and nobody is asked: the commands are yours to read, change and run.
    """
    typer.echo(WAYS[kind].format(id=name), nl=False)
