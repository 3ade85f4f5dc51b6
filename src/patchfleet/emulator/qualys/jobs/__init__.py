"""Deployment jobs, their runs and results, mitigation jobs and reports of the subscription.

Jobs change assets only through `Asset`, at the time of the event; of HTTP they know only requests
and answers as values.
"""
