"""Certificate authority for one run of the emulator.

The PEM file for clients is removed when the run ends.
"""

import ssl
from pathlib import Path
from tempfile import TemporaryDirectory


class Authority:
    """An authority and a server certificate for this machine's loopback."""

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
        """Remove the file."""
        self._folder.cleanup()
