"""A source for each vendor: its words become those of the models."""
