"""What every factor plugin must hold to: checks that anybody can run on anybody's plugin.

`sidecar plugins test` runs them, and so do our own tests over the bundled factors.
"""
