"""Syncs whose devices are read by worker processes."""
