"""An authentication sidecar: a second factor in front of applications that keep their own login."""

__version__ = "0.1.0"
