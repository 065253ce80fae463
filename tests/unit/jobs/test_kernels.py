"""Which kernelspecs are started warm by jobs."""

import sys

import pytest

from labline.jobs.kernels import is_own, warm_specs

FILE = ["-f", "{connection_file}"]


@pytest.mark.parametrize("python", ["python", "python3", sys.executable])
@pytest.mark.parametrize("module", ["ipykernel_launcher", "labline.kernel"])
def test_the_plain_kernel_of_this_environment_is_ours(python: str, module: str) -> None:
    assert is_own([python, "-m", module, *FILE])


@pytest.mark.parametrize(
    "command",
    [
        ["/opt/other/bin/python", "-m", "ipykernel_launcher", *FILE],
        ["python", "-m", "xeus", *FILE],
        ["python", "-m", "ipykernel_launcher", *FILE, "--debug"],
        ["R", "--slave"],
        [],
    ],
)
def test_any_other_is_left_alone(command: list[str]) -> None:
    assert not is_own(command)


def test_the_kernelspec_python3_gets_the_provisioner() -> None:
    spec = warm_specs().get_kernel_spec("python3")
    assert spec.metadata["kernel_provisioner"] == {"provisioner_name": "labline-warm"}
