"""The command `sidecar`, one command a file."""
