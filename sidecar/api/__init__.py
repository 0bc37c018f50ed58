"""The words of the management API: models and endpoints, from which all else is derived."""
