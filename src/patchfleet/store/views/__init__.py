"""SQL views over published files."""
