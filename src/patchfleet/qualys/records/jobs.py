"""Deployment jobs, their runs and their results, in Qualys's words.

Fields and types are those of docs/qualys.md: the list of jobs and the results are
known from public clients only [O: peer], the body of one job from the vendor's page [D: get].
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self, TypeAlias

from msgspec import Struct

from patchfleet.qualys.records.record import Record, TimestampField, raw
from patchfleet.qualys.records.values import moment_of

RawMoment: TypeAlias = int | float | str | None
Number: TypeAlias = int | float | str | None
"""A number that the vendor also sends as text, or as a word for none."""


class NamedId(Record):
    """A name, and the id that calls take."""

    id: str | None = None
    name: str | None = None


class Stamp(Record):
    """The time of an action, and its user."""

    date_raw: RawMoment = raw("date")
    user: NamedId | None = None

    date = TimestampField()


class PMJob(Record):
    """One deployment job of a list; `get_job` returns more of one."""

    id: str | None = None
    name: str | None = None
    customerId: str | None = None
    type: str | None = None
    status: str | None = None
    platform: str | None = None
    scheduleType: str | None = None
    startDateTime: str | None = None
    nextScheduleDateTime_raw: RawMoment = raw("nextScheduleDateTime")
    lastScheduleDateTime_raw: RawMoment = raw("lastScheduleDateTime")
    created: Stamp | None = None
    updated: Stamp | None = None
    timezoneType: str | None = None
    timezone: str | None = None
    isRecurring: bool | None = None
    isDynamicPatchesQQL: bool | None = None
    readOnly: bool | None = None
    deleted: bool | None = None
    isPriorityJob: bool | None = None
    isVulnContext: bool | None = None
    isAssetImported: bool | None = None
    customPatchUrlConfigured: bool | None = None
    recurringLastDayOfMonth: bool | None = None
    recurringWeekDays: str | None = None
    dayOfMonth: str | None = None
    recurringDayOfMonth: str | None = None
    recurringWeekDayOfMonth: str | None = None
    monthlyRecurringType: int | None = None
    patchTuesdayPlusXDays: int | None = None
    dynamicQQLType: int | None = None
    triggerStatus: int | None = None
    jobSource: int | None = None
    category: int | None = None
    mitigationActionCount: int | None = None
    linkedJobReferenceCount: int | None = None
    totalAssetCount: int | None = None
    applicableAssetCount: int | None = None
    assetResultReceivedCount: int | None = None
    assetCount: int | None = None
    taggedAssetCount: int | None = None
    patchCount: int | None = None
    completionPercent: Number = None
    schemaVersion: str | None = None
    tags: list[NamedId] | None = None
    exclusionTags: list[str] | None = None
    exclusionAssetIds: list[str] | None = None
    disabledPatches: list[str] | None = None
    matchAllTags: list[Any] | None = None
    additionalQQLS: list[Any] | None = None
    coAuthorUserIds: list[str] | None = None
    remediationQids: list[int] | None = None
    dynamicPatchesQQL: str | None = None
    linkedJobId: str | None = None
    subCategory: str | None = None
    filterType: str | None = None
    exclusionFilterType: str | None = None

    nextScheduleDateTime = TimestampField()
    lastScheduleDateTime = TimestampField()


class PMDeploymentJob(Record):
    """One whole job: `create_job` sends it and `update_job` changes it [D: get].

    Deeper parts (messages, reboots, notification) are plain dicts, as on the wire.
    """

    customerId: str | None = None
    id: str | None = None
    schemaVersion: str | None = None
    name: str | None = None
    description: str | None = None
    type: str | None = None
    status: str | None = None
    platform: str | None = None
    assetIds: list[str] | None = None
    exclusionAssetIds: list[str] | None = None
    assetTagIds: list[str] | None = None
    matchAllTagIds: list[str] | None = None
    exclusionTagIds: list[str] | None = None
    filterType: str | None = None
    exclusionFilterType: str | None = None
    coAuthorUserIds: list[str] | None = None
    approvedPatches: list[str] | None = None
    disabledPatches: list[str] | None = None
    patchCount: int | None = None
    scheduleType: str | None = None
    startDateTime: str | None = None
    recurring: bool | None = None
    dayOfMonth: str | None = None
    recurringLastDayOfMonth: bool | None = None
    monthlyRecurringType: str | None = None
    patchTuesdayPlusXDays: str | None = None
    recurringDayOfMonth: str | None = None
    recurringWeekDayOfMonth: str | None = None
    recurringWeekDays: str | None = None
    timezoneType: str | None = None
    timezone: str | None = None
    timeout: int | None = None
    timeoutUnit: str | None = None
    downloadRandomizeTime: str | None = None
    downloadRandomizeTimeUnit: str | None = None
    opportunisticDownloads: bool | None = None
    minimizeWindow: bool | None = None
    isDynamicPatchesQQL: bool | None = None
    dynamicQQLType: int | None = None
    dynamicPatchesQQL: str | None = None
    additionalDynamicQQLType: int | str | None = None
    additionalDynamicPatchesQQL: str | None = None
    linkedJobId: str | None = None
    chainedJobRule: list[Any] | None = None
    isAssetImported: bool | None = None
    continueOnPatchFailure: bool | None = None
    preDeployActions: Any = None
    postDeployActions: Any = None
    alwaysShowCompletedPrompt: bool | None = None
    customPatchURLId: int | None = None
    preDeployment: dict[str, Any] | None = None
    duringDeployment: dict[str, Any] | None = None
    postDeployment: dict[str, Any] | None = None
    notification: dict[str, Any] | None = None


class Interface(Record):
    """One address of a network card; IPv4 and IPv6 addresses are separate entries [D: 3.9]."""

    interfaceName: str | None = None
    macAddress: str | None = None
    address: str | None = None
    ipv6Address: str | None = None
    gatewayAddress: str | None = None


class ResultAsset(Record):
    """The asset inside a job's result."""

    id: str | None = None
    name: str | None = None
    operatingSystem: str | None = None
    tags: list[NamedId] | None = None
    lastLoggedOnUser: str | None = None
    interfaces: list[Interface] | None = None
    scanDateTime_raw: RawMoment = raw("scanDateTime")
    osIdentifier: str | None = None

    scanDateTime = TimestampField()


class PMAssetJobView(Record):
    """The result of a job on one asset.

    `id`, `name`, `operatingSystem` and the like are those of the asset. `statusCode` is not a key:
    the same number is used for two words, distinguished by a state that is not sent [D: sts].
    """

    asset: ResultAsset | None = None
    status: str | None = None
    statusCode: str | None = None
    successPatches: int | None = None
    installedPatches: int | None = None
    failedPatches: int | None = None
    supersededPatches: int | None = None
    notApplicablePatches: int | None = None
    skipPatchCount: int | None = None
    totalPatchCount: int | None = None
    installed: list[str] | None = None
    failed: list[str] | None = None
    success: list[str] | None = None
    superseded: list[str] | None = None
    notApplicable: list[str] | None = None
    executing: int | bool | None = None
    pendingExecution: int | bool | None = None
    pendingReboot: int | bool | None = None
    pendingVerification: int | bool | None = None
    jobSentOn_raw: RawMoment = raw("jobSentOn")
    startDateTime_raw: RawMoment = raw("startDateTime")
    endDateTime_raw: RawMoment = raw("endDateTime")
    statusDateTime_raw: RawMoment = raw("statusDateTime")
    jobInstanceId: str | None = None
    runId: int | None = None
    failedActionsCount: int | None = None
    successfulActionsCount: int | None = None
    skippedActionsCount: int | None = None
    interimResultStatus: str | None = None
    additionalFields: dict[str, Any] | None = None
    pendingForRebootInAnotherJob: bool | None = None
    pendingForRebootInAnotherJobName: str | None = None

    jobSentOn = TimestampField()
    startDateTime = TimestampField()
    endDateTime = TimestampField()
    statusDateTime = TimestampField()

    @property
    def id(self) -> str | None:
        """The id of the asset."""
        value: str | None = self._of_asset("id")
        return value

    @property
    def name(self) -> str | None:
        """The name of the asset."""
        value: str | None = self._of_asset("name")
        return value

    @property
    def operatingSystem(self) -> str | None:
        """The operating system of the asset."""
        value: str | None = self._of_asset("operatingSystem")
        return value

    @property
    def tags(self) -> list[NamedId] | None:
        """The tags of the asset."""
        value: list[NamedId] | None = self._of_asset("tags")
        return value

    @property
    def lastLoggedOnUser(self) -> str | None:
        """The user who was logged on to the asset last."""
        value: str | None = self._of_asset("lastLoggedOnUser")
        return value

    @property
    def interfaces(self) -> list[Interface] | None:
        """The network addresses of the asset."""
        value: list[Interface] | None = self._of_asset("interfaces")
        return value

    @property
    def osIdentifier(self) -> str | None:
        """The short name of the asset's operating system."""
        value: str | None = self._of_asset("osIdentifier")
        return value

    @property
    def scanDateTime(self) -> datetime | None:
        """When the asset was scanned."""
        value: datetime | None = moment_of(self._of_asset("scanDateTime"))
        return value

    def _of_asset(self, name: str) -> Any:
        """Return the value of the asset inside, or the one beside it [nesting of two: U]."""
        inner = getattr(self.asset, name) if isinstance(self.asset, ResultAsset) else None
        return self.extra.get(name) if inner is None else inner

    def items(self) -> list[tuple[str, Any]]:
        """Return the names and values: those of the asset, then those of its result."""
        asset = dict((self.asset if isinstance(self.asset, ResultAsset) else ResultAsset()).items())
        own = {name: value for name, value in super().items() if name != "asset"}
        both = {name: self._of_asset(name) for name in asset.keys() & own.keys()}
        both |= {"scanDateTime": self.scanDateTime}
        return list({**asset, **own, **both}.items())


class JobResultSummary(Record):
    """The result of a job: `assets` holds every asset of it, not only those of the first page."""

    id: str | None = None
    name: str | None = None
    assetCount: int | None = None
    patchCount: int | None = None
    createdBy: str | None = None
    createdOn_raw: RawMoment = raw("createdOn")
    assets: list[PMAssetJobView] | None = None

    createdOn = TimestampField()


class PMRun(Record):
    """One run of a job; its `jobInstanceId` names its results."""

    jobInstanceId: int | str | None = None
    jobId: str | None = None
    scheduledDateTime_raw: RawMoment = raw("scheduledDateTime")
    timezoneType: str | None = None

    scheduledDateTime = TimestampField()


class JobChange(Record):
    """The result of a change of one job: `status` is `success` if it was done [O: peer].

    It is `unknown` if that cannot be determined; `message` gives the reason if it is not done.
    """

    id: str | None = None
    name: str | None = None
    status: str | None = None
    message: str | None = None


class JobCreated(str):
    """The sentence that reports a created job; `id` and `name` are the job's.

    `was_there` is true if an earlier command had created it without a clear answer.
    """

    __slots__ = ("id", "name", "was_there")

    def __new__(cls, job_id: str, name: str) -> Self:
        """Format the sentence from a job's id and name."""
        created = super().__new__(cls, f"Job {job_id} ({name}) created successfully.")
        created.id = job_id
        created.name = name
        created.was_there = False
        return created

    id: str
    name: str
    was_there: bool


class Tag(Struct, frozen=True):
    """An asset tag: the GUID for jobs, the name that people know, the number of assets."""

    id: str
    name: str
    asset_count: int


JobIds: TypeAlias = str | PMJob | PMDeploymentJob | Sequence[str | PMJob | PMDeploymentJob]
"""One job or several, by id or as a list of jobs."""
