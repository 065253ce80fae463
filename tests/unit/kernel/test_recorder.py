"""What the recorder measures."""

import subprocess
import sys

import pytest


@pytest.mark.skipif(sys.platform != "linux", reason="others do not inherit it")
def test_the_peak_of_memory_is_that_of_the_process_and_not_of_its_parent() -> None:
    held = bytearray(400 * 2**20)
    code = "from labline.kernel.recorder import _peak_memory; print(_peak_memory())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 2**20 < int(done.stdout) < len(held)
