"""Authenticators in files: what other systems write is read, and what we write is sealed."""
