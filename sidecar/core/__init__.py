"""Words and rules of the sidecar: standard library only, no I/O, no clock."""
