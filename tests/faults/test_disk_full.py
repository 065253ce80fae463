"""A disk that is full, really: what serves goes on, and nothing has to be mended by hand."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from tests.platforms import eventually, project

TEMPLATE = Path(__file__).parents[2] / "bentos" / "pyfunc"
COUNTS = """
import os, sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
import serve

folder = Path(sys.argv[2])
serve.count_together(str(folder), "release-1")
from bento_pyfunc import metrics
from prometheus_client import Counter

os.environ["LABLINE_METRICS"] = str(folder)
asked = metrics.PredictMetrics("churn/1")
asked.observe(200, 0.1)
if filler := sys.argv[3:]:
    with open(filler[0], "ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
counter = Counter("rows", "Of a model's own.", ["column"])
for number in range(2000):
    counter.labels("column " + "x" * 40 + str(number)).inc()
asked.observe(200, 0.1)
print(metrics.page().decode())
"""


@pytest.fixture
def disk(tmp_path, leaves_nothing_running):
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(place)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def line(disk, free_port):
    (disk / "project").mkdir()
    with project(disk / "project", free_port) as made:
        made.platform.up()
        made.deploy(1, instances=2)
        yield made


def fill(disk: Path) -> Path:
    """Leave no byte free; return what takes the room."""
    file = os.open(disk / "filler", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    try:
        while True:
            os.write(file, bytes(4096))
    except OSError:
        return disk / "filler"
    finally:
        os.close(file)


def test_what_dies_while_the_disk_is_full_is_started_again_and_down_is_quick(disk, line):
    fill(disk)
    for victim in (*line.platform.status().instances, line.platform.control.report()["gateway"]):
        psutil.Process(victim.pid).kill()

    def well() -> bool:
        status = line.platform.status()
        return status.gateway == "ready" and all(each.healthy for each in status.instances)

    eventually(well, 60)
    start = time.monotonic()
    assert line.platform.down()
    assert time.monotonic() - start < 20


def test_commands_say_that_the_disk_is_full(disk, line):
    line.platform.down()
    fill(disk)
    for command in ("up", "status"):
        argv = [sys.executable, "-m", "labline", command]
        told = subprocess.run(
            argv, cwd=line.root, check=False, capture_output=True, text=True, timeout=60
        )
        assert "Traceback" not in told.stderr
        if told.returncode:
            assert "room" in told.stderr


def test_a_log_goes_on_once_there_is_room_again(disk, line):
    log = line.platform.places.log("release-1")
    filler = fill(disk)
    (victim, _) = line.platform.status().instances
    psutil.Process(victim.pid).kill()
    eventually(lambda: line.platform.control.report()["release-1"].restarts)
    filler.unlink()
    before = log.stat().st_size
    eventually(lambda: line.serves(1) and log.stat().st_size > before)


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_an_instance_counts_on_a_full_disk_instead_of_being_ended(disk, when):
    if when == "before":
        fill(disk)
    filler = [str(disk / "filler")] if when == "meanwhile" else []
    argv = [sys.executable, "-c", COUNTS, str(TEMPLATE), str(disk), *filler]
    told = subprocess.run(argv, check=False, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    assert "counts for itself" in told.stderr
    if when == "meanwhile":  # what was counted before is still told to all
        assert 'labline_predict_requests_total{model="churn/1",status="200"} 1.0' in told.stdout
