"""What CI systems are told."""

from xml.etree import ElementTree

import pytest

from labline.cli import ci, junit
from labline.errors import BadParameter
from labline.records import Job, JobStatus


def job(status: JobStatus, **facts) -> Job:
    known = {"id": "a1", "notebook": "deep/train.ipynb", "created": 1.0, **facts}
    return Job(parameters={"alpha": 0.5}, status=status, started=1.0, ended=3.5, **known)


def test_a_report_has_a_case_for_each_job_and_says_why_one_failed(tmp_path):
    jobs = [
        job(JobStatus.SUCCEEDED),
        job(JobStatus.FAILED, error="Cell 3 raised ValueError: \x1b<&>\nSee cell 3."),
        job(JobStatus.CANCELLED),
    ]
    junit.write(tmp_path / "new" / "out.xml", junit.report(jobs, lambda job: "Traceback:\x00 <x>"))
    (suite,) = ElementTree.parse(tmp_path / "new" / "out.xml").getroot()
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped", "time")}
    assert counts == {"tests": "3", "failures": "1", "errors": "0", "skipped": "1", "time": "7.500"}
    well, failed, cancelled = suite
    assert dict(well.attrib) == {
        "classname": "deep.train",
        "name": "deep/train.ipynb alpha=0.5",
        "file": "deep/train.ipynb",
        "time": "2.500",
    }
    assert len(well) == 0
    (failure,) = failed
    assert failure.get("message") == "Cell 3 raised ValueError: �<&>"
    assert failure.text.startswith("Traceback:� <x>")
    assert failure.text.endswith("See cell 3.")
    assert cancelled.find("skipped").get("message") == "the job is cancelled"


def test_a_notebook_that_was_refused_is_an_error_in_the_report(tmp_path):
    text = junit.refusal(tmp_path / "a.ipynb", BadParameter("There is no 'b'.", fix="Use 'a'."))
    (suite,) = ElementTree.fromstring(text.partition("\n")[2])
    assert (suite.get("tests"), suite.get("errors")) == ("1", "1")
    assert suite.find("*/error").get("type") == "BadParameter"


@pytest.mark.parametrize("name", ["GITHUB_ACTIONS", "GITLAB_CI"])
def test_no_ci_system_is_seen_where_there_is_none(monkeypatch, name):
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.delenv("GITLAB_CI", raising=False)
    assert ci.detect(print) is None
    monkeypatch.setenv(name, "true")
    assert type(ci.detect(print)).__name__.upper() in name.replace("_", "")


def test_what_a_notebook_prints_is_no_command_to_github():
    lines: list[str] = []
    system = ci.GitHub(lines.append)
    system.group("a\nb", "::set-output name=x::y")
    system.error("deep/a,b.ipynb", "50% bad\nvery")
    assert lines[0] == "::group::a b"
    stop, inside, resume = lines[1].split("\n")
    assert (stop, inside) == (f"::stop-commands::{resume.strip(':')}", "::set-output name=x::y")
    assert lines[2:] == [
        "::endgroup::",
        "::error file=deep/a%2Cb.ipynb::50%25 bad%0Avery",
    ]


def test_gitlab_gets_a_section_of_one_name():
    lines: list[str] = []
    ci.GitLab(lines.append).group("Train α=1", "text")
    begin, text, end = lines
    name = begin.split(":")[2].split("[")[0]
    assert begin.endswith("\r\x1b[0KTrain α=1")
    assert (text, name[:8]) == ("text", "train_1_")
    assert end.endswith(f":{name}\r\x1b[0K")
