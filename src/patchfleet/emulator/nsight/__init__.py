"""N-sight's Data Extraction API over the emulated world.

Behaviour follows the vendor's pages and others' observations, cited where it is used; the rest is
marked as a choice.
"""
