"""Qualys's operations: what is sent, and how the answer is read. Nothing in this room does I/O."""
