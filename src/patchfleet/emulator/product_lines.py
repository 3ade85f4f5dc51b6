"""Product lines for which patches are released: titles and release intervals.

All data is made up. The titles have the form of those in real patch lists; `{kb}`, `{month}`,
`{year}`, `{version}` and `{number}` are filled in per release by `catalogue.py`.
"""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["Critical", "Important", "Moderate", "Low", "Unspecified"]
Weights = tuple[tuple[Severity, int], ...]

SECURITY: Weights = (("Critical", 55), ("Important", 40), ("Moderate", 5))
IMPORTANT: Weights = (("Critical", 10), ("Important", 60), ("Moderate", 25), ("Low", 5))
BROWSER: Weights = (("Critical", 35), ("Important", 45), ("Moderate", 20))
ROUTINE: Weights = (("Important", 10), ("Moderate", 35), ("Low", 35), ("Unspecified", 20))
PLAIN: Weights = (("Unspecified", 90), ("Low", 10))


@dataclass(frozen=True, slots=True)
class ProductLine:
    """One product for which patches are released repeatedly.

    `every_days` is the interval between two releases; 0 means monthly on the `tuesday`-th Tuesday,
    every `months` months. `restart` is the probability that an install needs a restart to finish,
    `deployable` that a release can be installed without a person. `microsoft` lines have KB
    numbers. Version numbers begin around `first_version`.
    """

    name: str
    product: str
    title: str
    severities: Weights
    every_days: int = 0
    months: int = 1
    tuesday: int = 2
    restart: float = 0.02
    microsoft: bool = False
    deployable: float = 1.0
    uninstallable: bool = False
    first_version: int = 1


def _windows(name: str, product: str, windows: str) -> tuple[ProductLine, ...]:
    """Return the monthly lines of every Windows of one version."""
    return (
        ProductLine(
            f"{name} cumulative",
            product,
            f"{{month}} Cumulative Update for {windows} ({{kb}})",
            SECURITY,
            restart=0.95,
            microsoft=True,
            uninstallable=True,
        ),
        ProductLine(
            f"{name} dotnet",
            product,
            f"{{month}} Cumulative Update for .NET Framework 3.5 and 4.8.1 for {windows} ({{kb}})",
            IMPORTANT,
            restart=0.6,
            microsoft=True,
            uninstallable=True,
        ),
        ProductLine(
            f"{name} servicing",
            product,
            f"{{month}} Servicing Stack Update for {windows} ({{kb}})",
            (("Critical", 100),),
            months=3,
            microsoft=True,
        ),
    )


_WINDOWS = (
    *_windows("windows 10", "Windows 10", "Windows 10 Version 22H2 for x64-based Systems"),
    *_windows("windows 11", "Windows 11", "Windows 11 Version 24H2 for x64-based Systems"),
    *_windows("server 2016", "Windows Server 2016", "Windows Server 2016 for x64-based Systems"),
    *_windows("server 2019", "Windows Server 2019", "Windows Server 2019 for x64-based Systems"),
    *_windows(
        "server 2022",
        "Windows Server 2022",
        "Microsoft server operating system version 21H2 for x64-based Systems",
    ),
    *_windows(
        "server 2025",
        "Windows Server 2025",
        "Microsoft server operating system version 24H2 for x64-based Systems",
    ),
)

_MICROSOFT = (
    ProductLine(
        "removal tool",
        "Windows",
        "Windows Malicious Software Removal Tool x64 - v5.{number} (KB890830)",
        PLAIN,
        first_version=60,
    ),
    ProductLine(
        "defender",
        "Microsoft Defender Antivirus",
        "Update for Microsoft Defender Antivirus"
        " antimalware platform - KB4052623 (Version 4.18.{version})",
        PLAIN,
        every_days=30,
    ),
    ProductLine(
        "edge",
        "Microsoft Edge",
        "Microsoft Edge-Stable Channel Version {number} update for x64"
        " based Editions (Build {version})",
        BROWSER,
        every_days=28,
        first_version=80,
    ),
    ProductLine(
        "office",
        "Office 2016",
        "Security Update for Microsoft Office 2016 ({kb}) 64-Bit Edition",
        IMPORTANT,
        microsoft=True,
        uninstallable=True,
    ),
    ProductLine(
        "outlook",
        "Office 2016",
        "Security Update for Microsoft Outlook 2016 ({kb}) 64-Bit Edition",
        IMPORTANT,
        months=2,
        microsoft=True,
        uninstallable=True,
    ),
    ProductLine(
        "feature",
        "Windows 11",
        "Feature update to Windows 11, version {year}H2",
        PLAIN,
        months=12,
        tuesday=4,
        restart=1.0,
        deployable=0.0,
    ),
    ProductLine(
        "sql server 2019",
        "Microsoft SQL Server 2019",
        "Security Update for SQL Server 2019 RTM CU ({kb})",
        IMPORTANT,
        months=2,
        microsoft=True,
        uninstallable=True,
        restart=0.3,
    ),
    ProductLine(
        "sql server 2022",
        "Microsoft SQL Server 2022",
        "Security Update for SQL Server 2022 RTM CU ({kb})",
        IMPORTANT,
        months=2,
        microsoft=True,
        uninstallable=True,
        restart=0.3,
    ),
    ProductLine(
        "exchange",
        "Exchange Server 2019",
        "Security Update For Exchange Server 2019 CU15 ({kb})",
        SECURITY,
        months=3,
        microsoft=True,
        restart=0.8,
        deployable=0.7,
    ),
)

_DRIVERS = (
    ProductLine(
        "driver display",
        "Windows Drivers",
        "Intel(R) Corporation - Display - 31.0.{version}",
        PLAIN,
        every_days=75,
        restart=0.4,
        deployable=0.9,
    ),
    ProductLine(
        "driver audio",
        "Windows Drivers",
        "Realtek Semiconductor Corp. - MEDIA - 6.0.{version}",
        PLAIN,
        every_days=110,
        restart=0.3,
        deployable=0.9,
    ),
    ProductLine(
        "driver firmware",
        "Windows Drivers",
        "Dell & HP common - Firmware - 1.{version}",
        PLAIN,
        every_days=130,
        restart=1.0,
        deployable=0.5,
    ),
)

_THIRD_PARTY = (
    ProductLine(
        "chrome",
        "Google Chrome",
        "Google Chrome {number}.0.{version} (x64)",
        BROWSER,
        every_days=14,
        first_version=100,
    ),
    ProductLine(
        "firefox",
        "Mozilla Firefox",
        "Mozilla Firefox {number}.0.{version} (x64 de)",
        BROWSER,
        every_days=28,
        first_version=72,
    ),
    ProductLine(
        "reader",
        "Adobe Acrobat Reader DC",
        "Adobe Acrobat Reader DC {number}.{version}",
        SECURITY,
        every_days=30,
        first_version=20,
        restart=0.05,
    ),
    ProductLine(
        "java",
        "Oracle Java",
        "Oracle Java 8 Update {number} (64-bit)",
        SECURITY,
        months=3,
        tuesday=3,
        first_version=241,
        deployable=0.8,
    ),
    ProductLine(
        "7-zip",
        "7-Zip",
        "7-Zip {number}.{version} (x64 edition)",
        ROUTINE,
        every_days=120,
        first_version=19,
    ),
    ProductLine(
        "zoom",
        "Zoom Workplace",
        "Zoom Workplace {number}.{version} (64-bit)",
        IMPORTANT,
        every_days=28,
        first_version=5,
    ),
    ProductLine(
        "notepad++",
        "Notepad++",
        "Notepad++ {number}.{version} (64-bit x64)",
        ROUTINE,
        every_days=56,
        first_version=7,
    ),
    ProductLine(
        "vlc",
        "VLC media player",
        "VLC media player 3.{number}.{version}",
        IMPORTANT,
        every_days=150,
    ),
    ProductLine(
        "filezilla",
        "FileZilla Client",
        "FileZilla Client 3.{number}.{version}",
        ROUTINE,
        every_days=60,
        first_version=46,
    ),
    ProductLine(
        "putty",
        "PuTTY",
        'PuTTY release 0.{number} "64-bit x86"',
        IMPORTANT,
        every_days=180,
        first_version=70,
    ),
    ProductLine(
        "teamviewer",
        "TeamViewer",
        "TeamViewer 15.{number}.{version}",
        ROUTINE,
        every_days=35,
        first_version=2,
    ),
    ProductLine(
        "libreoffice",
        "LibreOffice",
        "LibreOffice {number}.{version}",
        ROUTINE,
        every_days=60,
        first_version=6,
    ),
    ProductLine(
        "thunderbird",
        "Mozilla Thunderbird",
        "Mozilla Thunderbird {number}.{version} (x64 fr)",
        BROWSER,
        every_days=28,
        first_version=68,
    ),
    ProductLine(
        "keepass",
        "KeePass",
        "KeePass Password Safe 2.{number}",
        ROUTINE,
        every_days=120,
        first_version=43,
    ),
    ProductLine(
        "git",
        "Git",
        "Git for Windows 2.{number}.{version}",
        IMPORTANT,
        every_days=60,
        first_version=25,
    ),
    ProductLine(
        "citrix",
        "Citrix Workspace",
        "Citrix Workspace app {number}.{version} CR",
        IMPORTANT,
        every_days=70,
        first_version=19,
        restart=0.5,
    ),
    ProductLine(
        "itunes",
        "Apple iTunes",
        "Apple iTunes 12.{number}.{version} (64-bit)",
        IMPORTANT,
        every_days=90,
        first_version=10,
        deployable=0.0,
    ),
    ProductLine(
        "kasse",
        "Café Kassensystem",
        "Café & Bäckerei Kassensystem® {number}.{version} für <Filiale>",
        ROUTINE,
        every_days=45,
        first_version=3,
        deployable=0.9,
    ),
    ProductLine(
        "formulaires",
        "Éditeur de formulaires",
        'Éditeur de formulaires "Édition pro" {number}.{version} (mise à jour de sécurité)',
        IMPORTANT,
        every_days=65,
        first_version=9,
    ),
    ProductLine(
        "calc",
        "=CALC Add-in",
        "=CALC Add-in & Tools {number}.{version} <x64>",
        ROUTINE,
        every_days=80,
        first_version=2,
    ),
)

LINES: dict[str, ProductLine] = {
    line.name: line for line in (*_WINDOWS, *_MICROSOFT, *_DRIVERS, *_THIRD_PARTY)
}
"""Every product line by name; the order determines the numbers of the patches."""

THIRD_PARTY: tuple[str, ...] = tuple(line.name for line in _THIRD_PARTY)
DRIVERS: tuple[str, ...] = tuple(line.name for line in _DRIVERS)
EVERY_WINDOWS: tuple[str, ...] = ("removal tool", "defender", "edge")
