"""Every call to N-sight as a value: a request and how to read the answer.

Law of this room: the wire's words stand here and nowhere else in `nsight`; nothing does I/O.
"""
