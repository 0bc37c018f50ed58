"""The management API: the same use cases as the pages, for programs and operators."""
