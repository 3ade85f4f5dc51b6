"""Qualys Patch Management and asset inventory over the emulated world.

Documented, observed and chosen behaviour is marked as such; a choice is the emulator's, not a fact
about Qualys.
"""
