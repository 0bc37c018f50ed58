"""Looks into a store while it is used: reading only, in batches, however large it is."""
