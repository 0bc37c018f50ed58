"""Plugins that bring nothing that answers them."""

from sidecar.loader import Role, resolve
from tests.conformance import declared

PLUGIN = declared.PLUGIN
TEXTS = resolve(Role.FACTORS, "sms")
