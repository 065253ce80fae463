"""The file in which an instance counts."""

import errno
import os
from pathlib import Path

import pytest
from bento_pyfunc.counts import Counts
from prometheus_client.mmap_dict import MmapedDict

NAMES = [f"{'column ' * 10}{number}" for number in range(2000)]


def read(path):
    return {name: value for name, value, *_ in MmapedDict.read_all_values_from_file(path)}


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "counter_release-1.db")


def test_it_counts_on_where_the_one_before_it_ended_in_a_file_that_grows(path):
    first = Counts(path)
    for name in NAMES:
        first.write_value(name, 1.0, 0.0)
    first.close()
    second = Counts(path)
    second.write_value(NAMES[0], second.read_value(NAMES[0])[0] + 1, 0.0)
    second.close()
    assert read(path) == {**dict.fromkeys(NAMES, 1.0), NAMES[0]: 2.0}
    about = Path(path).stat()
    assert about.st_blocks * 512 >= about.st_size


@pytest.fixture
def no_room(monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return lambda: monkeypatch.setattr("bento_pyfunc.counts._take", refuse)


def test_without_room_it_counts_in_memory_and_leaves_no_file_that_cannot_be_read(path, no_room):
    no_room()
    counts = Counts(path)
    for name in NAMES:
        counts.write_value(name, 3.0, 0.0)
    assert {counts.read_value(name)[0] for name in NAMES} == {3.0}
    assert not Path(path).exists()
    counts.close()


def test_where_the_room_ends_all_go_on_and_the_file_keeps_what_it_had(path, no_room):
    counts = Counts(path)
    counts.write_value(NAMES[0], 1.0, 0.0)
    no_room()
    for name in NAMES:
        counts.write_value(name, 5.0, 0.0)
    assert {counts.read_value(name)[0] for name in NAMES} == {5.0}
    assert read(path)[NAMES[0]] == 5.0
    counts.close()
