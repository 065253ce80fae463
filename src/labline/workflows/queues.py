"""The queues, and how many workflows of each run at a time.

The queue ``jobs`` and those of its groups run as many as the settings say, the queues
``rollouts``, ``sweeps`` and ``notices`` many, one with lanes one in each lane. Any other runs one
at a time, on all executors together. On a database that several hosts share, ``deployments`` and
``rollouts`` are queues of one host each.
"""

from __future__ import annotations

from labline.settings import JobsSettings

JOBS = "jobs"
#: they last long, and mostly wait
PATIENT = ("rollouts", "sweeps", "notices")
#: each host has its own: what they do is done to the gateway and the releases of that host
OF_HOSTS = ("deployments", "rollouts")


def of_group(group: str) -> str:
    """Return the name of the queue of a group of jobs."""
    return f"{JOBS}-{group}"


def limits(jobs: JobsSettings, queue: str, *, lanes: bool = False) -> dict[str, int]:
    """Return the limits of a queue, as DBOS names them; it knows a lane as a partition."""
    if queue in PATIENT:
        return {"worker_concurrency": 32}
    if lanes:
        return {"partition_concurrency": 1, "worker_concurrency": max(2, jobs.concurrency)}
    pools = {of_group(group): most for group, most in jobs.groups.items()}
    if queue != JOBS and queue not in pools:
        return {"global_concurrency": 1}
    total = pools.get(queue, jobs.total)
    if total is None:
        return {"worker_concurrency": jobs.concurrency}
    return {"worker_concurrency": min(jobs.concurrency, total), "global_concurrency": total}
