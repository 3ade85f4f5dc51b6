"""Record types of N-sight, named by what N-able calls their fields."""
