"""The folder of an output, as it comes to be."""

import json
from contextlib import suppress

import pytest
from tests.unit.batch.test_plan import plan

from labline.batch.output import Output
from labline.errors import Conflict

TOLD = {"rows": 1, "model": "m/1", "actor": "ada"}


@pytest.fixture
def output(tmp_path):
    return Output(tmp_path / "out")


def test_an_output_appears_at_once_with_what_it_is(output) -> None:
    with output.held():
        output.begin(plan(), overwrite=False)
        (output.hidden / "part-00000.parquet").touch()
        (output.hidden / ".part-00001.parquet.cut-off").touch()
        assert not output.place.exists()
        output.publish(TOLD, overwrite=False)
    assert json.loads((output.place / "_labline.json").read_text()) == TOLD
    assert sorted(each.name for each in output.place.iterdir()) == [
        "_labline.json",
        "_plan.json",
        "part-00000.parquet",
    ]
    assert [each.name for each in output.place.parent.iterdir()] == ["out"]


def test_two_do_not_make_one_output(output) -> None:
    with output.held(), pytest.raises(Conflict, match="made by another process"), output.held():
        pass


def test_the_same_work_goes_on_under_its_id(output) -> None:
    with output.held():
        begun = output.begin(plan(), overwrite=False)
        assert output.begin(plan(), overwrite=False).id == begun.id


def test_other_work_is_not_thrown_away_unasked(output) -> None:
    with output.held():
        output.begin(plan(), overwrite=False)
        (output.hidden / "part-00000.parquet").touch()
        with pytest.raises(Conflict, match="begun with m/1, and is not finished"):
            output.begin(plan(model="m/2"), overwrite=False)
        output.begin(plan(model="m/2"), overwrite=True)
        assert not (output.hidden / "part-00000.parquet").exists()


def test_parts_of_files_that_changed_are_dropped(output) -> None:
    with output.held():
        output.begin(plan(), overwrite=False)
        (output.hidden / "part-00000.parquet").touch()
        output.begin(plan(files=plan().files[:1]), overwrite=False)
        assert not (output.hidden / "part-00000.parquet").exists()


def test_an_empty_folder_is_no_output(output) -> None:
    output.place.mkdir()
    output.check(overwrite=False)
    with output.held():
        output.begin(plan(), overwrite=False)
        output.publish(TOLD, overwrite=False)
    assert (output.place / "_labline.json").exists()


def test_what_labline_did_not_make_is_never_replaced(output) -> None:
    output.place.mkdir()
    (output.place / "precious").touch()
    with pytest.raises(Conflict, match="is there already"):
        output.check(overwrite=True)


def test_a_part_that_is_not_whole_is_scored_again(output) -> None:
    with output.held():
        output.begin(plan(), overwrite=False)
        piece = plan().pieces[0]
        (output.hidden / piece.part).write_bytes(b"PAR1")
        assert output.done(piece) is None


def test_work_of_which_nothing_came_leaves_nothing(output) -> None:
    with suppress(KeyboardInterrupt), output.held():
        output.begin(plan(), overwrite=False)
        raise KeyboardInterrupt
    assert not output.hidden.exists()


def test_work_of_which_something_came_is_kept(output) -> None:
    with suppress(KeyboardInterrupt), output.held():
        begun = output.begin(plan(), overwrite=False)
        (output.hidden / begun.pieces[0].part).touch()
        raise KeyboardInterrupt
    assert output.hidden.is_dir()
