"""Every public name of a failure."""

from sidecar.core import api_errors, errors
from sidecar.core.slugs import slugs


def test_every_error_has_its_slug() -> None:
    """The error tree shows that each public name is found, the root's first."""
    found = slugs()
    assert found["internal-error"] is errors.SidecarError
    assert found["challenge-gone"] is errors.ChallengeGone
    assert found["token-refused"] is api_errors.TokenRefused
    assert all(kind.slug == slug for slug, kind in found.items())
