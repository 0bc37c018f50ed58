"""Our own pages and APIs."""
