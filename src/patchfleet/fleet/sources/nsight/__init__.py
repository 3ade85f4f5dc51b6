"""N-sight as a source of devices and findings."""
