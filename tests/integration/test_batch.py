"""Batch scoring, on files and on a Dask cluster."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from tests.integration.batches import expected, open_lab, table

from labline.batch import Order, Scored, scoring
from labline.batch.plan import Piece
from labline.batch.scoring import Work
from labline.cli import main
from labline.errors import BadInput, Conflict, Failed, LablineError, NotFound, Unreachable
from labline.lab import Lab
from labline.tracking.registry import ModelAltered


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return open_lab(tmp_path_factory.mktemp("project"))


def write(path: Path, rows: pd.DataFrame, group: int = 1000) -> Path:
    rows.to_parquet(path, row_group_size=group, index=False)
    return path


def score(lab: Lab, source: Path, output: Path, **more) -> Scored:
    return lab.batch.score("sums", Order(str(source), str(output), **more))


def refused(lab: Lab, source: Path, folder: Path, **more) -> LablineError:
    with pytest.raises(LablineError) as caught:
        score(lab, source, folder / "out", **more)
    assert not (folder / "out").exists()
    return caught.value


def test_a_file_is_scored_as_the_model_itself_does(lab: Lab, tmp_path: Path) -> None:
    rows = table()
    done = score(lab, write(tmp_path / "in.parquet", rows), tmp_path / "out", keep=("id",))
    found = pd.read_parquet(tmp_path / "out")
    assert found["id"].tolist() == rows["id"].tolist()
    assert np.array_equal(found["prediction"], expected(lab, rows))
    assert (done.rows, done.parts, done.model) == (100, 1, "sums/1")
    meta = pq.read_schema(tmp_path / "out" / "part-00000.parquet").metadata
    assert meta[b"labline.model"] == b"sums/1"
    assert meta[b"labline.digest"].decode() == lab.version("sums").digest


def test_what_was_scored_is_in_the_ledger(lab: Lab, tmp_path: Path) -> None:
    done = score(lab, write(tmp_path / "in.parquet", table()), tmp_path / "out")
    (entry,) = lab.ledger.entries(key=f"batch/{done.id}")
    assert (entry.action, entry.subject) == ("scored", "100 rows with sums/1")
    assert (entry.payload["rows"], entry.payload["digest"]) == (100, done.digest)
    manifest = json.loads((tmp_path / "out" / "_labline.json").read_text())
    assert (manifest["id"], manifest["rows"], manifest["actor"]) == (done.id, 100, entry.actor)


def test_csv_is_scored_as_parquet_is(lab: Lab, tmp_path: Path) -> None:
    rows = table()
    rows.to_csv(tmp_path / "in.csv", index=False)
    score(lab, tmp_path / "in.csv", tmp_path / "out", keep=("all",))
    found = pd.read_parquet(tmp_path / "out")
    assert list(found) == ["id", "a", "b", "prediction"]
    assert np.allclose(found["prediction"], expected(lab, rows))


def test_a_folder_is_scored_on_a_cluster_in_the_order_of_its_files(
    lab: Lab, tmp_path: Path, leaves_nothing_running
) -> None:
    rows, source = table(4000), tmp_path / "in"
    (source / "_old").mkdir(parents=True)
    write(source / "1.parquet", rows[:3000])
    write(source / "2.parquet", rows[3000:])
    write(source / "_old" / "0.parquet", rows)
    told: list[dict] = []
    order = Order(str(source), str(tmp_path / "out"), ("id",), workers=2, piece_rows=1000)
    before = dict(os.environ)
    done = lab.batch.score("sums", order, progress=told.append)
    assert dict(os.environ) == before
    found = pd.read_parquet(tmp_path / "out")
    assert found["id"].tolist() == list(range(4000))
    assert np.array_equal(found["prediction"], expected(lab, rows))
    assert done.parts == 4
    assert [each["done"] for each in told] == [0, 1, 2, 3, 4]
    assert told[-1]["rows"] == 4000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out"]


def test_workers_of_a_scheduler_elsewhere_need_not_see_the_model(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from distributed import LocalCluster

    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PYTHONHASHSEED"):
        monkeypatch.setenv(name, "1")  # which Dask sets for its workers in this process
    source = write(tmp_path / "in.parquet", table(2000))
    with LocalCluster(
        n_workers=1, threads_per_worker=2, dashboard_address="127.0.0.1:0", silence_logs=50
    ) as cluster:
        address = cluster.scheduler_address
        done = score(lab, source, tmp_path / "out", scheduler=address, piece_rows=1000)
    assert (done.rows, done.parts) == (2000, 2)


def test_a_scheduler_that_does_not_answer_is_away(lab: Lab, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("labline.batch.crew._PATIENCE", 1)
    source = write(tmp_path / "in.parquet", table())
    error = refused(lab, source, tmp_path, scheduler="tcp://127.0.0.1:1")
    assert isinstance(error, Unreachable)
    assert "tcp://127.0.0.1:1 does not answer" in error.message
    error = refused(lab, source, tmp_path, scheduler="bogus://a")
    assert isinstance(error, BadInput)


def test_an_output_is_replaced_only_on_demand_and_only_if_it_is_one(
    lab: Lab, tmp_path: Path
) -> None:
    source = write(tmp_path / "in.parquet", table())
    score(lab, source, tmp_path / "out")
    with pytest.raises(Conflict, match="there already: 100 rows scored with sums/1"):
        score(lab, source, tmp_path / "out")
    score(lab, source, tmp_path / "out", keep=("id",), overwrite=True)
    assert list(pd.read_parquet(tmp_path / "out")) == ["id", "prediction"]
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    with pytest.raises(Conflict, match="is there already"):
        score(lab, source, tmp_path / "precious", overwrite=True)
    assert (tmp_path / "precious" / "file").exists()


def test_an_output_in_its_own_input_is_refused(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    write(tmp_path / "in" / "1.parquet", table())
    with pytest.raises(BadInput, match="would be its own input"):
        score(lab, tmp_path / "in", tmp_path / "in" / "out")


def test_a_bad_row_is_named_with_file_and_row_group(lab: Lab, tmp_path: Path) -> None:
    rows = table(3000)
    rows.loc[2345, "b"] = None
    error = refused(lab, write(tmp_path / "in.parquet", rows), tmp_path)
    assert isinstance(error, BadInput)
    assert "in.parquet, row group 2, row 345 (from 0): column 'b' is null" in error.message


def test_rows_that_were_mended_are_scored_by_the_same_command(lab: Lab, tmp_path: Path) -> None:
    rows = table(3000)
    rows.loc[2345, "b"] = None
    source = tmp_path / "in.parquet"
    with pytest.raises(BadInput):
        score(lab, write(source, rows), tmp_path / "out", piece_rows=1000, workers=1)
    done = score(lab, write(source, rows.fillna(0.5)), tmp_path / "out", piece_rows=5000)
    assert (done.rows, done.resumed) == (3000, 0)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("in.parquet", b"", "Parquet file size is 0 bytes"),
        ("in.parquet", b"PAR1 no more", "cannot be read"),
        ("in.csv", b"", "Empty CSV file"),
        ("in.csv", b"id,a,b\n", "has no rows"),
        ("in.csv", b"id,a,b\n1,2,3\n4,five,6\n", "invalid value 'five'"),
        ("in.csv", b"id,a\n1,2\n", "column 'b' is missing"),
        ("in.csv", b"id,a,b\n1,2,3\n4,5\n", "Expected 3 columns, got 2"),
    ],
)
def test_a_file_that_is_none_is_told_so(lab: Lab, tmp_path: Path, name, content, message) -> None:
    (tmp_path / name).write_bytes(content)
    error = refused(lab, tmp_path / name, tmp_path)
    assert isinstance(error, BadInput)
    assert message in error.message
    assert name in error.message


def test_parquet_that_is_cut_off_or_without_rows_is_told_so(lab: Lab, tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.parquet", table()).read_bytes()
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(whole[: len(whole) // 2])
    assert "cut.parquet cannot be read" in refused(lab, cut, tmp_path).message
    none = write(tmp_path / "none.parquet", table(0))
    assert "has no rows" in refused(lab, none, tmp_path).message


def test_what_is_not_there_or_not_of_one_kind_is_told_so(lab: Lab, tmp_path: Path) -> None:
    assert isinstance(refused(lab, tmp_path / "nothing.parquet", tmp_path), NotFound)
    (tmp_path / "in").mkdir()
    assert "no Parquet or CSV file" in refused(lab, tmp_path / "in", tmp_path).message
    write(tmp_path / "in" / "1.parquet", table())
    (tmp_path / "in" / "2.csv").write_text("a,b\n1,2\n")
    assert "both Parquet and CSV" in refused(lab, tmp_path / "in", tmp_path).message
    assert "foo" in refused(lab, "foo://bar/in.parquet", tmp_path).message


def test_an_output_that_cannot_be_made_is_told_so(lab: Lab, tmp_path: Path) -> None:
    source = write(tmp_path / "in.parquet", table())
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="file/out cannot be made: Not a directory"):
        score(lab, source, tmp_path / "file" / "out")
    with pytest.raises(BadInput, match="is a URL"):
        lab.batch.score("sums", Order(str(source), "s3://bucket/out"))


def test_a_model_that_raises_names_where(lab: Lab, tmp_path: Path) -> None:
    def predict(rows):
        raise ValueError(f"no such weather in {len(rows)} rows")

    source = str(write(tmp_path / "in.parquet", table()))
    subject = lab.batch.subject("sums")
    facts = (subject.label, subject.digest, subject.folder, subject.inputs)
    work = Work(*facts, source, csv=False, keep=(), types={}, output=tmp_path)
    with pytest.raises(Failed, match=r"sums/1 raised on .*in.parquet, row group 0: ValueError: no"):
        scoring.score(work, Piece(0, source, (0,)), predict)
    assert [each.name for each in tmp_path.iterdir()] == ["in.parquet"]


def test_a_model_that_was_altered_scores_nothing(tmp_path: Path) -> None:
    lab = open_lab(tmp_path / "project")
    folder = lab.tracking.registry.fetch(lab.version("sums"))
    (folder / "requirements.txt").write_text("something-else\n")
    with pytest.raises(ModelAltered):
        score(lab, write(tmp_path / "in.parquet", table()), tmp_path / "out")


def test_the_command_prints_json_and_exits_by_the_table(
    lab: Lab, tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(lab.settings.root)
    source = write(tmp_path / "in.parquet", table())
    words = ["batch", "sums/1", str(source), str(tmp_path / "out"), "--keep", "id,a", "--json"]
    for code in (0, 1):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == code
        told = json.loads(capsys.readouterr().out)
        assert told.get("rows") == 100 or told["error"] == "Conflict"
    assert list(pd.read_parquet(tmp_path / "out")) == ["id", "a", "prediction"]
