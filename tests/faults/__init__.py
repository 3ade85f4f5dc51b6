"""A fault proxy between real commands and the emulated vendors, and the matrix of what it can do.

`python -m faults` (with `tests` on the path, as `script/test faults` has it) runs the whole matrix.
"""
