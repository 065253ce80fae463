"""JUnit XML, as CI systems read it: a test case for each job."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from labline.errors import BadInput, LablineError
from labline.records import Job, JobStatus

# What XML 1.0 cannot hold, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def report(jobs: Sequence[Job], details: Callable[[Job], str]) -> str:
    """Return the report on jobs that have ended.

    Parameters
    ----------
    details
        Returns why a failed job failed, at length: its traceback.
    """
    suite = _suite(jobs[0].notebook if jobs else "labline", min(job.created for job in jobs))
    for job in jobs:
        took = job.ended - job.started if job.ended and job.started else 0.0
        words = [job.notebook, *(f"{name}={value}" for name, value in job.parameters.items())]
        case = _case(suite, " ".join(words), job.notebook, took)
        if job.status is JobStatus.FAILED:
            _add(case, "failure", job.error, details(job))
        elif job.status is not JobStatus.SUCCEEDED:
            _add(case, "skipped", f"the job is {job.status}", "")
    return _text(suite)


def refusal(notebook: Path, error: LablineError) -> str:
    """Return the report on a notebook that could not be submitted."""
    suite = _suite(str(notebook), datetime.now(UTC).timestamp())
    case = _case(suite, str(notebook), str(notebook), 0.0)
    _add(case, "error", str(error), str(error), type(error).__name__)
    return _text(suite)


def write(path: Path, text: str) -> None:
    """Write a report.

    Raises
    ------
    BadInput
        It cannot be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"--junit {path} cannot be written: {error.strerror}.") from error


def _suite(name: str, at: float) -> Element:
    when = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return Element("testsuite", {"name": _clean(name), "timestamp": when})


def _case(suite: Element, name: str, notebook: str, took: float) -> Element:
    place = {"classname": _clean(notebook).removesuffix(".ipynb").replace("/", ".")}
    known = {"name": _clean(name), "file": _clean(notebook), "time": f"{took:.3f}"}
    return SubElement(suite, "testcase", {**place, **known})


def _add(case: Element, kind: str, error: str, details: str, name: str = "CellFailed") -> None:
    known = {"message": _clean(error.partition("\n")[0])}
    made = SubElement(case, kind, known if kind == "skipped" else {**known, "type": name})
    made.text = _clean("\n\n".join(filter(None, (details, error)))) if details else None


def _text(suite: Element) -> str:
    counts = {
        "tests": len(suite),
        **{f"{kind}s": len(suite.findall(f"*/{kind}")) for kind in ("failure", "error")},
        "skipped": len(suite.findall("*/skipped")),
        "time": f"{sum(float(case.attrib['time']) for case in suite):.3f}",
    }
    suite.attrib.update((name, str(value)) for name, value in counts.items())
    whole = Element("testsuites")
    whole.append(suite)
    indent(whole)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(whole, "unicode") + "\n"


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("�", text)
