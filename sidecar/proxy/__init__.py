"""The life of one request, one step a file, and the connections it travels on."""
