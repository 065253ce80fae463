import pytest

from labline.settings import JobsSettings
from labline.workflows.queues import limits


@pytest.mark.parametrize(
    ("queue", "expected"),
    [
        ("jobs", {"worker_concurrency": 3, "global_concurrency": 4}),
        ("jobs-gpu", {"worker_concurrency": 1, "global_concurrency": 1}),
        ("jobs-etl", {"worker_concurrency": 3, "global_concurrency": 9}),
        ("promotions", {"global_concurrency": 1}),
    ],
)
def test_a_queue_has_the_limits_of_its_settings(queue, expected):
    jobs = JobsSettings(concurrency=3, total=4, groups={"gpu": 1, "etl": 9})
    assert limits(jobs, queue) == expected


def test_without_a_total_only_the_workers_limit_jobs():
    assert limits(JobsSettings(concurrency=3), "jobs") == {"worker_concurrency": 3}
