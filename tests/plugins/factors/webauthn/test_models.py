"""Twin of plugins/factors/webauthn/_models.py."""

from uuid import UUID

from plugins.factors.webauthn._models import MODELS


def test_models_are_written_as_authenticators_tell_them() -> None:
    """Each entry shows an AAGUID in its one spelling, in order, and a name that fits on a page."""
    assert [str(UUID(text)) for text in MODELS] == sorted(MODELS)
    assert all(0 < len(name) <= 40 for name in MODELS.values())
    assert str(UUID(int=0)) not in MODELS
