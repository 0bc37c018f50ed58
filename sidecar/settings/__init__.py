"""sidecar.yaml becomes one validated value, or a list of faults with file and line."""
