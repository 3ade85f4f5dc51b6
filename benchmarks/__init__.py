"""What Patchfleet costs, measured beside something whose cost is known.

Law of this package: a figure is a ratio, and both its sides are measured in the same run, turn by
turn, so that a machine that is busy or slow is so for both. Nothing here decides whether a test
passes.
"""
