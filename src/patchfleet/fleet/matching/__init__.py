"""Record linkage: which devices of several sources are one machine."""
