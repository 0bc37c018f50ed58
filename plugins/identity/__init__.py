"""Ways to tell who a request is from."""
