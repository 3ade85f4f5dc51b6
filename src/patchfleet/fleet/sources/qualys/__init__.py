"""Qualys as a source of devices, findings and jobs."""
