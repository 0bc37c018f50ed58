"""One-time codes in the company's chat, for the authentication sidecar."""
