"""Deployment jobs: their bodies, rules and messages."""
