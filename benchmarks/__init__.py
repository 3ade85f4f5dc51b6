"""Cost of Patchfleet, measured beside something of known cost.

A figure is a ratio whose two sides are measured in the same run, turn by turn, so that a busy or
slow machine affects both. No benchmark decides whether a test passes.
"""
