"""Redis, where `redis:` names one: limits, sessions and the bell that all replicas share."""
