"""Words for the names of emulated customers, sites, people and machines.

Every name is invented; every domain is reserved for examples.
"""

CUSTOMERS = (
    "Acme Logistics", "Birchwood Dental", "Café Müller GmbH", "Dunmore & Sons Solicitors",
    "Eastgate Engineering", "Fernhill School Trust", "Garnet Hotels", "Harbour Veterinary Group",
    "Ironbridge Tools", "Juniper Architects", "Kestrel Insurance", "Larkspur Pharmacy",
    "Métro Imprimerie", "Northfield Farms", "Orchard Care Homes", "Pemberton Estates",
    "Quarry Lane Surgery", "Rosedale Charity", "Sutton Freight", "Tideway Boats",
    "Umber Print Studio", "Valley Foods", "Westbrook Accountants", "Yarrow Theatre",
)  # fmt: skip
SITES = ("Head Office", "Warehouse", "Branch North", "Branch South", "Data Centre", "Workshop")
ZONES = (
    "Europe/London", "Europe/London", "Europe/Berlin", "America/New_York", "Europe/Paris",
    "America/Chicago", "Australia/Sydney", "Asia/Kolkata",
)  # fmt: skip
PEOPLE = (
    "anna", "ben", "carla", "david", "élodie", "farid", "grace", "hugo", "ines", "jörg", "karen",
    "liam", "maria", "noah", "olga", "peter", "quinn", "rosa", "sven", "tanja", "uwe", "vera",
    "will", "yusuf", "zoe",
)  # fmt: skip
SERVER_ROLES = ("DC", "FILE", "SQL", "APP", "RDS", "BACKUP", "WEB", "PRINT")
DEPARTMENTS = (
    "Front desk",
    "Accounts",
    "Sales",
    "Design",
    "Warehouse",
    "Management",
    "Spare",
    "Workshop",
)
MODELS = {
    "workstation": (
        ("Dell Inc.", "Latitude 5440", 10), ("Dell Inc.", "OptiPlex 7010", 3),
        ("HP", "EliteBook 840 G9", 10), ("HP", "ProDesk 400 G7", 3), ("LENOVO", "20XW004AUS", 10),
        ("Microsoft Corporation", "Surface Pro 9", 9),
    ),
    "server": (
        ("Dell Inc.", "PowerEdge R650", 23), ("HPE", "ProLiant DL380 Gen10", 23),
        ("VMware, Inc.", "VMware20,1", 1), ("Microsoft Corporation", "Virtual Machine", 3),
    ),
}  # fmt: skip
"""Manufacturer, model and chassis number [O: reference, 8 to 11 and 14 are laptops]."""
