"""Public parts for custom N-sight operations.

A builder returns `call(service, parse, …)`; `parse` reads a response with `opened`. Run the result
with `client.run`, or make it a method: a class whose lines are `operation(builder)`, inherited
before `NAble` or `AsyncNAble`.
"""

from patchfleet.nsight.envelope import opened
from patchfleet.nsight.operations.request import call
from patchfleet.transport.client import operation
from patchfleet.transport.operation import Operation

__all__ = ["Operation", "call", "opened", "operation"]
