"""What is counted and timed, by every worker in cells of its own, and told to Prometheus."""
