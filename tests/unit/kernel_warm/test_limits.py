from __future__ import annotations

import os
import resource
import subprocess
import sys

import pytest

from labline.errors import BadInput
from labline.kernel.warm import limits

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere kernels start cold")


@pytest.mark.parametrize("text", ["4GiB", "-1", "1.5", "²", " 1"])
def test_a_limit_is_a_whole_number(text: str) -> None:
    with pytest.raises(BadInput, match="not a whole number") as caught:
        limits.check({"LABLINE_CPU_LIMIT": text})
    assert "LABLINE_CPU_LIMIT" in caught.value.fix


def test_no_limit_changes_nothing() -> None:
    before = os.sched_getaffinity(0), resource.getrlimit(resource.RLIMIT_DATA)
    for environment in ({}, {"LABLINE_MEMORY_LIMIT": "", "LABLINE_CPU_LIMIT": "0"}):
        limits.check(environment)
        assert limits.apply(environment) == []
        assert limits.with_pool_sizes(environment) == environment
    assert before == (os.sched_getaffinity(0), resource.getrlimit(resource.RLIMIT_DATA))


def test_libraries_are_told_of_the_cpus_unless_the_job_has_told_them() -> None:
    found = limits.with_pool_sizes({"LABLINE_CPU_LIMIT": "3", "OMP_NUM_THREADS": "1"})
    assert found["OPENBLAS_NUM_THREADS"] == found["LOKY_MAX_CPU_COUNT"] == "3"
    assert found["OMP_NUM_THREADS"] == "1"


def test_another_process_is_limited() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    held = limits.apply({"LABLINE_MEMORY_LIMIT": str(2**30), "LABLINE_CPU_LIMIT": "1"}, child.pid)
    try:
        assert resource.prlimit(child.pid, resource.RLIMIT_DATA) == (2**30, 2**30)
        assert len(os.sched_getaffinity(child.pid)) == 1
    finally:
        for descriptor in held:
            os.close(descriptor)
        child.communicate(b"\n")


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="there is one CPU")
def test_a_free_cpu_is_preferred() -> None:
    allowed = sorted(os.sched_getaffinity(0))[:2]
    first = limits._claim(list(allowed), 1)
    second = limits._claim(list(allowed), 1)
    third = limits._claim(list(allowed), 1)
    try:
        taken_by_others = None in (*first.values(), *second.values())
        assert taken_by_others or set(first) | set(second) == set(allowed)
        assert list(third.values()) == [None] or taken_by_others
        assert set(third) <= set(allowed)
    finally:
        for descriptor in (*first.values(), *second.values(), *third.values()):
            if descriptor:
                os.close(descriptor)
