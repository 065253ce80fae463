"""Forms, schedules and versions with something in them, made of the server's own records."""

from __future__ import annotations

from typing import Any

from tests.browser.standing import NOW, ROW

from labline.lab.shapes import Mismatch, ModelRow, Version
from labline.records import Run, Schedule


def page(*items: Any) -> dict[str, Any]:
    return {"items": items, "total": len(items), "limit": 50, "offset": 0}


def run(number: int, auc: float) -> Run:
    return Run(
        f"{number}" * 32, f"gradient boosting {number}", "churn", "FINISHED", NOW - 600 * number,
        NOW - 500 * number, {"rate": "0.1"}, {"roc_auc": auc}, {}, f"models:/m-{number}",
    )  # fmt: skip


CHURN = ModelRow("churn", 3, NOW - 3600, {"prod": 2}, (), None)
OFFERED = {
    "runs": page(run(1, 0.912), run(2, 0.904)),
    "models": page(CHURN),
    "endpoints": page(ROW),
}
SCHEDULES = [
    Schedule("nightly", "notebooks/train.ipynb", {"alpha": 0.5}, "0 2 * * *", "Europe/Berlin",
             "latest", True, False, NOW + 7200, NOW - 79_200, "9f86d081884c7d659a2feaa0c55ad015"),
    Schedule("monday-report", "notebooks/report.ipynb", {}, "30 7 * * 1", "UTC", "snapshot", False,
             True),
    Schedule("gone", "notebooks/old.ipynb", {"name": "a"}, "*/15 * * * *", "UTC", "latest", False,
             False, NOW + 300, NOW - 600, None, "There is no notebook notebooks/old.ipynb."),
]  # fmt: skip
VERSIONS = Version("0.1.0", "3.11.7", "0.1.0", False, (
    Mismatch("kernel", "0.0.9", "0.1.0", "The kernel has labline 0.0.9, the server 0.1.0.",
             "Install the same in the kernel's environment: pip install labline==0.1.0"),
))  # fmt: skip
