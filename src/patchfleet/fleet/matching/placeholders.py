"""Placeholder serials, MAC addresses and names, which do not identify a machine.

The lists need not be complete: a value on more than `blocking.MAX_CARRIERS` devices of one source
counts as a placeholder too.
"""

SERIALS = frozenset(
    {
        "TOBEFILLEDBYOEM", "DEFAULTSTRING", "DEFAULT", "SYSTEMSERIALNUMBER", "SERIALNUMBER",
        "CHASSISSERIALNUMBER", "BASEBOARDSERIALNUMBER", "NOTSPECIFIED", "NOTAPPLICABLE",
        "NOTAVAILABLE", "NOTSET", "NOTPRESENT", "NOTDEFINED", "NONE", "NULL", "UNKNOWN",
        "UNDEFINED", "INVALID", "OEM", "EMPTY", "BLANK", "SYSTEM", "TBD", "TEST", "XXXXX",
        "INVALIDSERIAL", "NOSERIAL", "NOSERIALNUMBER", "SERIAL", "VIRTUALMACHINE", "QEMU",
        "STANDARD", "SAMPLE", "EVAL", "EVALUATION", "OEMSERIAL", "ISNULL", "GOOGLE",
    }
)  # fmt: skip
"""Values that manufacturers leave in the field, in capitals without punctuation."""

SERIAL_BEGINNINGS = ("VMWARE", "VIRTUALBOX", "PARALLELS", "TOBEFILLED", "BOCHS")
"""Serials of hypervisors: a cloned machine may keep that of its original."""

SHORTEST_SERIAL = 4

MACS = frozenset(
    {
        "00059A3C7800", "00059A3C7A00",  # Cisco's VPN adapter
        "00090FAA0001", "00090FFE0001",  # Fortinet's
        "025041000001",  # Palo Alto's
        "0205857FEB80",  # Juniper's
        "005056C00001", "005056C00008",  # VMware's adapters of a host, not of its guests
        "02004C4F4F50",  # a loop-back adapter
        "204153594EFF", "505054503030", "33506F453030",  # "ASYN", "PPTP0" and "3PoE0" as bytes
        "00E04C680001", "00E04C534458",  # factory defaults of cheap USB adapters
        "000000000000", "001122334455", "123456789ABC", "010203040506",
    }
)  # fmt: skip
"""Addresses that are equal on every machine with the adapter."""

MAC_BEGINNINGS = (
    "00FF",  # TAP adapters of VPN clients
    "0A0027",  # VirtualBox, on the host
    "0242AC", "02420A", "0242C0",  # Docker: made of the private address
    "000EC6", "00E04C", "0050B6", "00249B", "3C18A0", "8CAE4C", "9CEBE8", "A0CEC8",
)  # fmt: skip
"""Software adapters, and manufacturers of docks and USB adapters, which change hands."""

NAMES = frozenset({"localhost", "localhost.localdomain", "unknown", "none", "null", "n/a", "-"})

DOMAINS = frozenset({"workgroup", "mshome", "localdomain", "local", "lan", "home", "none", "n/a"})
"""Domains of machines that are in none."""
