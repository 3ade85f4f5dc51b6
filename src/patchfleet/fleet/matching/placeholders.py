"""Serials, addresses and names that say nothing about which machine it is.

Law of this file: data only. It need not be complete: whatever stands on more than a handful of
devices of one source is taken for such a word as well (`identity.CROWD`).
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
"""What makers leave in the field, in capitals and without signs."""

SERIAL_BEGINNINGS = ("VMWARE", "VIRTUALBOX", "PARALLELS", "TOBEFILLED", "BOCHS")
"""Serials that a hypervisor makes up: a copied machine may keep that of its original."""

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
        "00E04C680001", "00E04C534458",  # left as they were made, in cheap USB adapters
        "000000000000", "001122334455", "123456789ABC", "010203040506",
    }
)  # fmt: skip
"""Addresses that are the same on every machine that has the adapter."""

MAC_BEGINNINGS = (
    "00FF",  # TAP adapters of VPN clients
    "0A0027",  # VirtualBox, on the host
    "0242AC", "02420A", "0242C0",  # Docker: made of the private address
    "000EC6", "00E04C", "0050B6", "00249B", "3C18A0", "8CAE4C", "9CEBE8", "A0CEC8",
)  # fmt: skip
"""Software adapters, and makers of what is plugged in: docks and USB adapters change hands."""

NAMES = frozenset({"localhost", "localhost.localdomain", "unknown", "none", "null", "n/a", "-"})

DOMAINS = frozenset({"workgroup", "mshome", "localdomain", "local", "lan", "home", "none", "n/a"})
"""What stands where a machine is in no domain."""
