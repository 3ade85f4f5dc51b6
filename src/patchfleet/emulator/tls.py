"""A certificate authority for one run of the emulator, so that it can be called over TLS.

Law of this file: nothing of it outlives the run; whoever is to trust it reads its certificate from
a file that is gone afterwards.
"""

import ssl
from pathlib import Path
from tempfile import TemporaryDirectory


class Authority:
    """Hold an authority and a server's certificate for this machine's loopback."""

    def __init__(self) -> None:
        import trustme

        authority = trustme.CA(organization_name="Patchfleet emulator")
        self._folder = TemporaryDirectory(prefix="patchfleet-emulator-")
        self.ca_file = str(Path(self._folder.name) / "ca.pem")
        authority.cert_pem.write_to_path(self.ca_file)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.set_alpn_protocols(["http/1.1"])
        authority.issue_cert("127.0.0.1", "localhost").configure_cert(self.context)

    def close(self) -> None:
        """Take the file away."""
        self._folder.cleanup()
