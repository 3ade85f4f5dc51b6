"""Settings from a file and the environment, and the accounts in them."""

from patchfleet.config.file import FILE_NAME, find_file, load, user_file, warnings_about
from patchfleet.config.secret import Secret
from patchfleet.config.settings import (
    NSIGHT,
    QUALYS,
    AccountSettings,
    CustomerRule,
    DeadlineSettings,
    NSightSettings,
    QualysSettings,
    Settings,
    SyncSettings,
    TodaySettings,
    check_account_name,
)

__all__ = [
    "FILE_NAME",
    "NSIGHT",
    "QUALYS",
    "AccountSettings",
    "CustomerRule",
    "DeadlineSettings",
    "NSightSettings",
    "QualysSettings",
    "Secret",
    "Settings",
    "SyncSettings",
    "TodaySettings",
    "check_account_name",
    "find_file",
    "load",
    "user_file",
    "warnings_about",
]
