"""The asset inventory (GAV) as functions of an account: `query_assets(auth, filter=…)`."""

from patchfleet.qualys.client import Qualys
from patchfleet.qualys.pm import with_auth
from patchfleet.qualys.records.base_list import BaseList
from patchfleet.qualys.records.hosts import Host

__all__ = ["BaseList", "Host", "count_assets", "get_all_assets", "get_asset", "query_assets"]

query_assets = with_auth(Qualys.query_assets)
get_all_assets = with_auth(Qualys.get_all_assets)
get_asset = with_auth(Qualys.get_asset)
count_assets = with_auth(Qualys.count_assets)
