"""Names of fields and headers that may be written: made of listed words of the trade only.

A name that an account chose (a custom field, a key of a table) is not made of these words, and is
written as `UNLISTED`; a name that is data of a known format, such as a GUID, as that format.
"""

import re
from functools import lru_cache

from patchfleet.doctor.formats import KEYS, format_of

UNLISTED = "(unlisted name)"

_A_TO_M = """
access account action actions activated activation activations active activity actual add
additional address addresses advisory after age agent agentless ago alert alerts alg alive all
allow allowed always another any api apis app applicable application applications apply approval
approve approved apps apt architecture archived area asset assets assigned at attempt attempts
attribute attributes atz aud audit auth authentication author auto avail available average
background bad base based batch begin best bias bios block blocked body boot breck build builds
bulletin business by bytes cache call calls campaign cancel canceled cancelled capability
catalog categories category cert certificate chain chained change changed changes channel
chassis check checked checks class classification clear cleared client clients clock close
closed cloud co code codes color column columns comment comments company complete completed
completion compliance component components confidence config configs configuration configured
connected connection consecutive contact container containers content context continue control
controls core cores count countdown counter counts cpe cpu create created creation credential
critical criticality csam current cursor custom customer customers customized cut cve cves cvss
cycle daily dashboard data database date dates datetime day days db default defaults defer
deferment deferral delete deleted deploy deployable deployed deploying deployment deployments
desc describe description descriptions descriptor detail details detected detection device
devices dir disable disabled disk disks display distribution dns do domain domains down download
downloaded downloading downloads drive driver dropped dsc dst due duration during dynamic
edition effective element elements email emails empty enable enabled encoding end ended ends
engine entities entity entry env environment eol eos epoch error errors esu event events example
exceeded exception exclude excluded exclusion executed executing execution exists exit exp
expired expires expiry external extra fail failed failing fails failure failures family feature
features feed fetch field fields file files filter filters firmware first fixed flag flags
folder for foreground forensic forest form format formatted found free frequency friendly from
full ga gateway gav general generation geo group groups guid guids half handler handlers
hardware has hash having header headers health heartbeat hidden high history hit hits honor host
hosts hotfix hour hours hw iat icon icons id identifier identifiers identity ids ignore ignored
image impact importance important imported in inactive include included index info information
inherit inherited input install installable installation installed installer installing instance
instances instead integer intelligence interface interfaces interim internal interval inventory
ip ips ipv is iso iss issue issues item items job jobs jti kb kbs kernel key keys kind kinds
known label labels lan language languages last lat latest latitude legacy length level levels
lic licence license life lifecycle like limit limits line link linked links linux list listing
lists local locale location locations lock locked log logged login logon logons long longitude
low mac machine machines mail maintenance major make managed management manager mandatory manual
manufacturer map mapped mark market marketed master match matched mav max maximum medium member
members memory merged message messages meta metadata method metric metrics min minimize minimum
minor minute minutes missed missing mitigation mitigations mob mobile mode model models moderate
modified modifier module modules monitor monitored monitoring month monthly months more msg mtg
"""
_N_TO_Z = """
name names negative netbios network networks new next no node non none not note notes
notification notifications number numbers numeric object objects observed of off offline offset
ok on online only open opened operating operation operations operator operators opportunistic
option optional options or order origin os other out outage outages output over overall overdue
override overrides own owned owner owners pack package packages page pages param parameter
parameters parent partial pass passed patch patchable patches path paths pause pending per
percent percentage performance period permission permissions phase physical ping platform plus
pm pod policies policy pool port portal ports position post power pre present previous primary
prior priority private problem problems process processor processors product products profile
profiles progress projects prompt properties property protection protocol protocols provider
public published publisher qds qid qids qql qqls qualified qualys quantity query queue queued
qweb ram randomize range rank ransomware rate rating raw read ready reason reasons reboot
rebooted reboots received recent recipient recipients record records recovery recurrence
recurring ref reference references refresh region registered registration registry related
release released releases remaining remediation remote removed repeat replaced report reported
reporting reports reprocess request requested required requires reset resource resources
response responses restart restarted result results resume resumed retries retry return returned
revision right rights risk role roles rollback root router rule rules run running runs scan
scanned scanner scans schedule scheduled schedules schema scope score scores script scripts
search second secondary seconds section security seen select selected selection self sensor
sensors sent sequence serial server servers service services session setting settings setup
severities severity short show silent since site sites size skip skipped sku slot slow sms snmp
software sort source sources space spec speed stage standard start started starts startup state
states status statuses std step steps stop stopped storage store sub subject subscription
success successful suite summary supersede superseded supersedence supersedes support supported
suppress sync synced system systems systray table tag tagged tags take target targets task tasks
taxonomy tech tenant term test text third threshold tid time timed timeout times timestamp
timezone title to token tool top topic total totals track tracking transaction tray trend triage
trigger triggered triggers true tuesday typ type types tz uid unconfirmed uninstall
uninstallable unique unit units unknown unreachable unsupported up update updated updates
upgrade upgrades uploaded uptime url urls usage use used user username users utc uuid uuids
valid value values vendor vendors verification verified version versions via view views virtual
visible vlan volume volumes vuln vulnerabilities vulnerability vulns wan warning warnings web
week weekly weeks what when whois window windows wins with wkstsn word words workflow workgroup
workstation workstations wrapped xdays year years zone zones
"""
_WORDS = frozenset(_A_TO_M.split() + _N_TO_Z.split())
"""Words of which names of fields may be made: those of both vendors, and of their trade."""

_HEADER_LIST = """
accept-ranges access-control-allow-credentials access-control-allow-headers
access-control-allow-methods access-control-allow-origin access-control-expose-headers age allow
alt-svc cache-control cf-cache-status cf-ray connection content-disposition content-encoding
content-language content-length content-security-policy content-type date etag expect-ct expires
keep-alive last-modified link location nel p3p permissions-policy pragma proxy-connection
referrer-policy report-to retry-after searchafter server server-timing set-cookie
strict-transport-security transfer-encoding upgrade vary via warning www-authenticate
x-aspnet-version x-cache x-concurrency-limit-limit x-concurrency-limit-running
x-concurrencylimit-limit x-concurrencylimit-running x-content-type-options x-correlation-id
x-frame-options x-powered-by x-qualys-app-version x-ratelimit-limit x-ratelimit-remaining
x-ratelimit-towait-sec x-ratelimit-window-sec x-request-id x-robots-tag x-runtime x-trace-id
x-xss-protection
"""
_HEADERS = frozenset(_HEADER_LIST.split())
_HEADER_WORDS = frozenset({"x", "rest", "ratelimit", "http", "https", "powered", "trace", "proxy"})

_PARTS = re.compile(r"[a-z]+|(?<![0-9])[0-9]{1,3}(?![0-9])")
_NAME = re.compile(r"[@#_]?[A-Za-z][A-Za-z0-9_.-]{0,63}")


def is_listed(name: str) -> bool:
    """Return whether a name of a field is made of listed words, and of numbers below 1,000."""
    if not _NAME.fullmatch(name):
        return False
    bare = re.sub(r"[@#_.-]", " ", name.lower())
    parts = _PARTS.findall(bare)
    if "".join(parts) != bare.replace(" ", ""):
        return False
    return all(part.isdigit() or _is_of_words(part) for part in parts)


@lru_cache(maxsize=4096)
def field_name(name: str, allowed: frozenset[str] = frozenset()) -> str:
    """Return the name of a field as it may be written; `allowed` are further names."""
    if name in allowed or is_listed(name):
        return name
    kind = format_of(name)
    return f"({kind})" if kind in KEYS else UNLISTED


def header_name(name: str, allowed: frozenset[str] = frozenset()) -> str:
    """Return the name of a header, in lower case, as it may be written."""
    name = name.lower()
    if name in _HEADERS or name in allowed:
        return name
    parts = name.split("-")
    words = _HEADER_WORDS | _WORDS
    return name if all(part in words for part in parts) else UNLISTED


def is_written(name: str) -> bool:
    """Return whether a name in a file is one that this module writes."""
    return name == UNLISTED or name.strip("()") in KEYS or is_listed(name) or name in _HEADERS


def _is_of_words(text: str) -> bool:
    """Return whether a text is a listed word, or several without a space."""
    reached = {0}
    for end in range(1, len(text) + 1):
        if any(text[start:end] in _WORDS for start in reached):
            reached.add(end)
    return len(text) in reached
