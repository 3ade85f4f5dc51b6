"""Sources: one room a vendor, which translates its records into the models."""
