"""Ways by which messages reach people."""
