"""What there is to score, cut into pieces."""

import json

from labline.batch.plan import File, Plan, cut


def plan(**changes) -> Plan:
    files = (File("a.parquet", 10, 1, (5, 5)), File("b.parquet", 20, 2, (3,)))
    return Plan(**{"model": "m/1", "digest": "d", "input": "in", "files": files, "keep": ("id",),
                   **changes})  # fmt: skip


def groups(*files, size):
    return [(piece.path, piece.groups) for piece in cut(files, size)]


def test_row_groups_are_gathered_up_to_the_size_of_a_piece() -> None:
    found = groups(File("a", 1, 1, (4, 4, 4, 9, 2)), size=8)
    assert found == [("a", (0, 1)), ("a", (2,)), ("a", (3,)), ("a", (4,))]


def test_a_piece_is_of_one_file() -> None:
    assert groups(File("a", 1, 1, (1,)), File("b", 1, 1, (1,)), size=8) == [
        ("a", (0,)),
        ("b", (0,)),
    ]


def test_row_groups_without_rows_are_passed_over() -> None:
    assert groups(File("a", 1, 1, (0, 2, 0)), File("b", 1, 1, (0,)), size=8) == [("a", (1,))]


def test_a_file_without_row_groups_is_one_piece() -> None:
    assert groups(File("a.csv", 1, 1), size=8) == [("a.csv", ())]


def test_parts_are_numbered_in_the_order_of_the_rows() -> None:
    assert [piece.part for piece in plan(size=5).pieces] == [
        "part-00000.parquet",
        "part-00001.parquet",
        "part-00002.parquet",
    ]


def test_a_plan_survives_json() -> None:
    made = plan().named()
    assert Plan.from_dict(json.loads(json.dumps(made.to_dict()))) == made


def test_the_same_order_again_is_the_same_work() -> None:
    assert plan().named().is_same_work(plan())


def test_another_model_file_or_column_is_other_work() -> None:
    changed = File("a.parquet", 10, 3, (5, 5))
    for other in (plan(digest="e"), plan(keep=()), plan(files=(changed,)), plan(size=7)):
        assert not plan().is_same_work(other)
