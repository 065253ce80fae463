import math

import nbformat
import pytest

from labline.errors import BadNotebook, BadParameter
from labline.notebooks import bind, parameters, parse_choices, parse_value, parse_values

CELL = """
alpha: float = 0.5
depth = 3
name = "a"  # text
verbose = False
limit: int | None = None
norm: Literal["l1", "l2", 3] = "l1"
columns = ["a"]
sizes: list[int] = [1]
options = {"a": 1}
anything = None
"""


def notebook(source: str = CELL) -> nbformat.NotebookNode:
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": ["parameters"]})
    return nbformat.v4.new_notebook(cells=[cell])


def parameter(name: str):
    return {one.name: one for one in parameters(notebook())}[name]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alpha", 0.1),
        ("depth", 7),
        ("name", "__import__('os').system('true')"),
        ("verbose", True),
        ("limit", 3),
        ("limit", None),
        ("norm", "l2"),
        ("norm", 3),
        ("columns", []),
        ("sizes", [1, 2]),
        ("options", {"b": [1]}),
        ("anything", "x"),
        ("anything", [1]),
    ],
)
def test_a_value_of_the_right_type_is_bound(name, value):
    assert bind(notebook(), {name: value}) == {name: value}


def test_an_int_where_a_float_is_expected_becomes_one():
    bound = bind(notebook(), {"alpha": 1})
    assert isinstance(bound["alpha"], float)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alpha", "0.1"),
        ("alpha", True),
        ("depth", 1.0),
        ("depth", True),
        ("depth", None),
        ("name", 1),
        ("verbose", 1),
        ("limit", "x"),
        ("norm", "l3"),
        ("norm", 3.0),
        ("columns", "a"),
        ("sizes", [1, "x"]),
        ("options", []),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(name, value):
    with pytest.raises(BadParameter) as caught:
        bind(notebook(), {name: value})
    assert repr(name) in caught.value.message
    assert repr(value) in caught.value.message
    assert caught.value.fix


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(BadParameter, match=r"(?s)no parameter 'alhpa'.*Did you mean 'alpha'"):
        bind(notebook(), {"alhpa": 1.0})


def test_a_required_value_must_be_given():
    with pytest.raises(BadParameter, match=r"'rate'.*no default"):
        bind(notebook("rate: float"), {})


def test_values_need_a_parameters_cell():
    with pytest.raises(BadNotebook, match=r"(?s)alpha.*tagged 'parameters'.*property inspector"):
        bind(nbformat.v4.new_notebook(), {"alpha": 1})


def test_without_values_no_parameters_cell_is_needed():
    assert bind(nbformat.v4.new_notebook(), {}) == {}


def test_an_object_cannot_be_written_into_a_notebook():
    with pytest.raises(BadParameter, match="object"):
        bind(notebook(), {"anything": object()})


def test_a_reference_fits_text_and_nothing_else():
    assert bind(notebook(), {"name": "env:TOKEN"}) == {"name": "env:TOKEN"}
    with pytest.raises(BadParameter, match="environment variable"):
        bind(notebook(), {"depth": "env:DEPTH"})


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("alpha", "1e-3", 0.001),
        ("alpha", "1", 1.0),
        ("alpha", "inf", math.inf),
        ("depth", "-4", -4),
        ("name", "12", "12"),
        ("name", "None", "None"),
        ("name", "[1]", "[1]"),
        ("verbose", "true", True),
        ("verbose", "False", False),
        ("limit", "none", None),
        ("limit", "5", 5),
        ("norm", "l2", "l2"),
        ("norm", "3", 3),
        ("columns", '["x", "y"]', ["x", "y"]),
        ("columns", "['x']", ["x"]),
        ("options", '{"a": true}', {"a": True}),
        ("anything", "3", 3),
        ("anything", "hello", "hello"),
        ("anything", "print(1)", "print(1)"),
        ("name", "env:TOKEN", "env:TOKEN"),
    ],
)
def test_text_is_read_as_the_parameter_says(name, text, value):
    got = parse_value(text, parameter(name))
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("alpha", "high"),
        ("depth", "1.5"),
        ("verbose", "1"),
        ("norm", "l9"),
        ("columns", "a,b"),
        ("sizes", "['x']"),
    ],
)
def test_text_of_another_type_is_refused(name, text):
    with pytest.raises(BadParameter, match=name):
        parse_value(text, parameter(name))


def test_a_sweep_is_a_list_of_values():
    assert parse_choices("0.1, 1,10", parameter("alpha")) == [0.1, 1.0, 10.0]
    assert parse_choices('a,"b,c"', parameter("name")) == ["a", "b,c"]
    assert parse_choices('[["a"], ["b", "c"]]', parameter("columns")) == [["a"], ["b", "c"]]


def test_a_sweep_without_values_is_refused():
    with pytest.raises(BadParameter, match="alpha"):
        parse_choices("", parameter("alpha"))


def test_texts_are_read_by_name():
    assert parse_values(notebook(), {"alpha": "1", "name": "1"}) == {"alpha": 1.0, "name": "1"}
    with pytest.raises(BadParameter, match="Did you mean 'alpha'"):
        parse_values(notebook(), {"alfa": "1"})
    with pytest.raises(BadNotebook, match="tagged 'parameters'"):
        parse_values(nbformat.v4.new_notebook(), {"alpha": "1"})
