"""Configurations for tests: the least that is right, with sections replaced."""

import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import yaml

from sidecar.settings.faults import ConfigError, Fault
from sidecar.settings.load import Loaded, load_settings

NOW: Final = datetime(2026, 6, 1, 12, tzinfo=UTC)
ENV: Final[Mapping[str, str]] = {"KEY": "sfyY1kaYV8iv5M6OB0KTL2dHBU8FCSNjRR6mS3y6nZE="}

RIGHT: Final[Mapping[str, object]] = {
    "public": "https://shop.example.com",
    "upstreams": {"shop": "http://127.0.0.1:3000"},
    "identity": {
        "app": {
            "plugin": "upstream_session",
            "upstream": "shop",
            "url": "/whoami",
            "subject": "/id",
        }
    },
    "enrollment": {"first": "invited"},
    "factors": {"totp": {"issuer": "Example"}, "backup_codes": {}},
    "keys": [{"id": "k1", "from": {"env": "KEY"}}],
}


def load_text(text: str, env: Mapping[str, str] = ENV, *, secrets: bool = True) -> Loaded:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sidecar.yaml"
        path.write_text(text, encoding="utf-8")
        return load_settings(path, env, NOW, secrets=secrets)


def load(env: Mapping[str, str] = ENV, /, **sections: object) -> Loaded:
    """Load the right configuration with sections replaced; None leaves one out."""
    whole = {key: value for key, value in {**RIGHT, **sections}.items() if value is not None}
    return load_text(yaml.safe_dump(whole, sort_keys=False), env)


def faults_of(text: str, env: Mapping[str, str] = ENV) -> tuple[Fault, ...]:
    try:
        return load_text(text, env).warnings
    except ConfigError as error:
        return error.faults


def faults(env: Mapping[str, str] = ENV, /, **sections: object) -> list[str]:
    """Return what is said, as `path: message (hint)`, warnings marked; empty: all is right."""
    try:
        found = load(env, **sections).warnings
    except ConfigError as error:
        found = error.faults
    return [str(fault).split(": ", 1)[1] for fault in found]


def rules(*written: Mapping[str, object], default: str = "two_factor") -> list[str]:
    """Return what is said about these rules."""
    return faults(policy={"default": default, "rules": [dict(rule) for rule in written]})
