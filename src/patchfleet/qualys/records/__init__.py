"""Record types of Qualys, and how its values are read."""
