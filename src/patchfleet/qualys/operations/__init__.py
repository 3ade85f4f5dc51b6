"""Qualys operations as values: a request and how to read its answer. Nothing here does I/O."""
