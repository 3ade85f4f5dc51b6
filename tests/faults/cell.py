"""A cell of the matrix: a fault, where it strikes, and when."""

import zlib
from dataclasses import dataclass

from faults.connection_faults import CONNECTION_FAULTS
from faults.content_faults import CONTENT_FAULTS
from faults.fault import Fault
from faults.question_faults import QUESTION_FAULTS
from faults.status_faults import STATUS_FAULTS

FAULTS = {
    fault.name: fault
    for fault in (*CONNECTION_FAULTS, *STATUS_FAULTS, *QUESTION_FAULTS, *CONTENT_FAULTS)
}


@dataclass(frozen=True)
class Cell:
    """What is done, the kind of call that is struck, the fault, and on which calls.

    Its name tells it again: `sync nsight > list_sites > reset after the act > once`.
    """

    command: str
    phase: str
    fault_name: str
    when: str

    @property
    def name(self) -> str:
        return f"{self.command} > {self.phase} > {self.fault_name} > {self.when}"

    @property
    def fault(self) -> Fault:
        return FAULTS[self.fault_name]

    def is_of_share(self, share: int) -> bool:
        """Say whether this cell is of the one in so many that stand for the others."""
        return zlib.crc32(self.name.encode()) % share == 0

    @classmethod
    def named(cls, name: str) -> "Cell":
        return cls(*name.split(" > "))
