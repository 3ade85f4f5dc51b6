"""Fork server of processes that sync one vendor's account and may be killed.

Everything is imported beforehand, so that a child can be killed from its first instant. For each
line of JSON it forks a child and writes its pid, and then the child's exit status.
"""

import json
import os
import sys
import traceback
from datetime import datetime

from patchfleet.fleet import NSightSource, QualysSource, SyncOptions, sync
from patchfleet.nsight import NAble
from patchfleet.qualys import Qualys
from patchfleet.store import Store


def one_sync(vendor, address, published, now, at_once, account):
    """Open the record and sync one vendor's account of an emulated world."""
    at = datetime.fromisoformat(now)
    if vendor == "nsight":
        client = NAble(base_url=account["url"], key=account["key"], rate_limit=None)
        source = NSightSource(client, now=lambda: at)
    else:
        gateway = {"gateway_url": account["url"]}
        client = Qualys(account["username"], account["password"], override_platform=gateway)
        source = QualysSource(client, now=lambda: at)
    with client, Store.open(address, published=published) as store:
        sync(source, store, now=lambda: at, rules=SyncOptions(concurrency=at_once))


def main():
    """Make a process for each line, one after the other, until there are no more lines."""
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                one_sync(**json.loads(line))
            except BaseException:  # noqa: BLE001 -- told, and told by the exit code
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
