"""The space of a sweep: values and ranges."""

import random
from itertools import product

import pytest

from labline.errors import BadInput, BadParameter
from labline.jobs.sweeps.space import (
    Range,
    from_payload,
    parse_axis,
    parse_range,
    point,
    size,
    split_axis,
    to_payload,
)
from labline.notebooks import Parameter


def parameter(kind: str) -> Parameter:
    return Parameter(name="alpha", kind=kind, default=None, help="", required=False, source="")


@pytest.mark.parametrize(("text", "name", "values"), [
    ("alpha=0.1,1", "alpha", "0.1,1"),
    ("alpha~loguniform(1e-3, 1)", "alpha", "~loguniform(1e-3, 1)"),
    (" alpha ~ uniform(0, 1)", "alpha", "~uniform(0, 1)"),
    ("name=a~b,c=d", "name", "a~b,c=d"),
])  # fmt: skip
def test_an_axis_is_a_name_with_values_or_with_a_range(text, name, values):
    assert split_axis(text) == (name, values)


@pytest.mark.parametrize("text", ["alpha", "alpha=", "=1", "~uniform(0,1)", "alpha ~ "])
def test_an_axis_without_name_or_values_is_refused_with_an_example(text):
    with pytest.raises(BadInput, match=r"(?s)names no values.*alpha=0.1,1,10"):
        split_axis(text)


def test_values_are_read_as_the_parameter_has_them():
    assert parse_axis("0.1,1", parameter("float")) == (0.1, 1.0)
    assert parse_axis('"a,b",c', parameter("str")) == ("a,b", "c")
    with pytest.raises(BadParameter, match="'many'"):
        parse_axis("1,many", parameter("int"))


def test_a_range_has_whole_numbers_where_the_parameter_takes_no_other():
    assert parse_axis("~uniform(2, 10)", parameter("int")) == Range(2, 10, whole=True)
    assert parse_axis("~uniform(2, 10)", parameter("float")) == Range(2, 10)
    assert parse_axis("~loguniform(1, 1e3)", parameter("int | None")).whole
    with pytest.raises(BadParameter, match=r"(?s)is int; uniform\(0.5, 2\).*alpha: float"):
        parse_axis("~uniform(0.5, 2)", parameter("int"))
    with pytest.raises(BadParameter, match=r"is str; uniform\(0, 2\) gives numbers"):
        parse_axis("~uniform(0, 2)", parameter("str"))


@pytest.mark.parametrize(("text", "says"), [
    ("logunifrom(1, 2)", "no range.*Did you mean 'loguniform'"),
    ("1..2", "no range.*for example"),
    ("uniform(a, 2)", "no numbers"),
    ("uniform(1)", "has 1 numbers"),
    ("uniform(2, 2)", "ends at 2"),
    ("uniform(0, inf)", "not finite"),
    ("loguniform(0, 1)", "begins at 0"),
    ("loguniform(1, 2, 1)", "has 3 numbers"),
    ("uniform(0, 1, 2)", "has the step 2"),
])  # fmt: skip
def test_a_range_that_cannot_be_used_is_refused_by_name(text, says):
    with pytest.raises(BadInput, match=f"(?s){says}"):
        parse_range(text)


@pytest.mark.parametrize("axis", [
    Range(0.5, 2), Range(1e-3, 1, log=True), Range(0, 1, step=0.25), Range(1, 3, whole=True),
    Range(1, 100, log=True, whole=True), Range(2, 9, step=3, whole=True),
], ids=str)  # fmt: skip
def test_what_is_drawn_lies_within_the_range(axis):
    drawn = [axis.draw(random.Random(seed)) for seed in range(500)]
    assert axis.low <= min(drawn)
    assert max(drawn) <= axis.high
    if axis.whole:
        assert {type(one) for one in drawn} == {int}
    if axis.step:
        count = int((axis.high - axis.low) / axis.step) + 1
        assert set(drawn) == {axis.low + axis.step * n for n in range(count)}
    if (axis.low, axis.high) == (1, 3):
        assert set(drawn) == {1, 2, 3}


def test_a_logarithmic_range_draws_each_power_of_ten_as_often():
    axis = Range(1e-3, 1, log=True)
    drawn = [axis.draw(random.Random(seed)) for seed in range(600)]
    assert 150 < sum(1e-2 < one < 1e-1 for one in drawn) < 250


def test_points_are_those_of_the_grid_in_its_order():
    space = {"a": (1, 2), "b": ("x", "y", "z")}
    points = [point(space, number) for number in range(6)]
    assert [tuple(one.values()) for one in points] == list(product((1, 2), "xyz"))
    assert size(space) == 6
    assert size({"a": (1, 2), "b": Range(0, 1)}) is None


def test_a_space_survives_being_kept():
    space = {"a": Range(1e-3, 1, log=True), "b": ("x", None, [1])}
    assert from_payload(to_payload(space)) == space
