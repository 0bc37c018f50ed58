"""Adapters of the ports: tables, sealing, counters, migrations."""
