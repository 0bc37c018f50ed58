"""Twin of sidecar/proxy/limits.py."""

from sidecar.proxy.limits import Limits


def test_target_and_field_limits_can_be_told_apart() -> None:
    """Shows that the parser never gets one number for both, so 414 and 431 stay apart."""
    assert Limits(target_bytes=100, field_bytes=100).line_bytes != 100
    assert Limits(target_bytes=100, field_bytes=200).line_bytes == 100
