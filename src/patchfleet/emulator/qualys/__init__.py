"""Qualys Patch Management and asset inventory, emulated over the machines of the world.

Law of this room: what is documented, seen in public code or chosen is said beside it; a choice is a
choice of the emulator, not a fact about Qualys.
"""
