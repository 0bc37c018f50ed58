"""Twin of plugins/factors/webauthn/_asking.py."""

import json
from typing import Any

import pytest

from plugins.factors.webauthn import Options
from plugins.factors.webauthn._asking import creation, request
from sidecar.core.model import PublicKey

USER = ("dXNlcg", "Ada Löwe")
KEY = PublicKey(b"\x01\x02\x03", b"key", 0, {"transports": ("internal",)})


def options(**written: object) -> Options:
    return Options.model_validate({"rp_id": "shop.example.com", "rp_name": "Hafen ⚓", **written})


def made(**written: object) -> dict[str, Any]:
    asked: dict[str, Any] = json.loads(creation(options(**written), "YWJj", USER, [KEY]))
    return asked


def used(**written: object) -> dict[str, Any]:
    asked: dict[str, Any] = json.loads(request(options(**written), "YWJj", [KEY]))
    return asked


def test_a_key_is_made_as_the_options_say() -> None:
    """Every option shows where browsers look for it (PublicKeyCredentialCreationOptionsJSON)."""
    asked = made(
        user_verification="required",
        resident_key="required",
        hints=["hybrid", "security-key"],
        algorithms=["Ed448", "ES256"],
        timeout="10m",
        attestation="indirect",
    )
    assert asked == {
        "rp": {"id": "shop.example.com", "name": "Hafen ⚓"},
        "user": {"id": "dXNlcg", "name": "Ada Löwe", "displayName": "Ada Löwe"},
        "challenge": "YWJj",
        "pubKeyCredParams": [
            {"type": "public-key", "alg": -53},
            {"type": "public-key", "alg": -7},
        ],
        "timeout": 600_000,
        "excludeCredentials": [
            {"type": "public-key", "id": "AQID", "transports": ["internal"]},
        ],
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
            "authenticatorAttachment": "cross-platform",
        },
        "hints": ["hybrid", "security-key"],
        "attestation": "indirect",
        "extensions": {"credProps": True},
    }


def test_a_key_is_used_as_the_options_say() -> None:
    """Every option shows where browsers look for it (PublicKeyCredentialRequestOptionsJSON)."""
    assert used(user_verification="discouraged", hints=["client-device"]) == {
        "challenge": "YWJj",
        "timeout": 300_000,
        "rpId": "shop.example.com",
        "allowCredentials": [{"type": "public-key", "id": "AQID", "transports": ["internal"]}],
        "userVerification": "discouraged",
        "hints": ["client-device"],
    }


@pytest.mark.parametrize(
    ("written", "attachment"),
    [
        ({}, None),
        ({"hints": ["client-device"]}, "platform"),
        ({"hints": ["security-key"]}, "cross-platform"),
        ({"hints": ["client-device", "hybrid"]}, None),
        ({"attachment": "platform", "hints": ["hybrid"]}, "platform"),
    ],
    ids=str,
)
def test_browsers_without_hints_are_told_the_attachment(
    written: dict[str, object], attachment: str | None
) -> None:
    """Hints that agree show what older browsers are told, and mixed ones leave it open."""
    assert made(**written)["authenticatorSelection"].get("authenticatorAttachment") == attachment
