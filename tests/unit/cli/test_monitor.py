"""``labline monitor rows``: the table on the terminal."""

import numpy as np
import pandas as pd

from labline.cli import monitor


def test_what_is_missing_is_a_dash_and_a_moment_is_whole(capsys):
    frame = pd.DataFrame({"rooms": [2.0, np.nan], "city": ["Oslo", None]}, dtype=object)
    frame["opened"] = ["2020-11-04T00:00:00", pd.NaT]
    monitor._show(frame, "2 rows of 1 requests")
    _, _, first, second = capsys.readouterr().out.splitlines()
    assert first.split() == ["2", "Oslo", "2020-11-04T00:00:00"]
    assert second.split() == ["-", "-", "-"]
