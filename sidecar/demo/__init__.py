"""Harbour, a small web application with a login of its own, to try the sidecar on."""
