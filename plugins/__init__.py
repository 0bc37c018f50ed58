"""The plugins that come with the sidecar, one folder a role, one file a plugin."""
