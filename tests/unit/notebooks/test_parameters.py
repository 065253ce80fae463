import nbformat
import pytest

from labline.errors import BadNotebook
from labline.notebooks import Parameter, parameters


def notebook(source: str, tags: tuple[str, ...] = ("parameters",)) -> nbformat.NotebookNode:
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)})
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1"), cell])


def only(source: str) -> Parameter:
    (parameter,) = parameters(notebook(source))
    return parameter


@pytest.mark.parametrize(
    ("source", "kind", "default"),
    [
        ("alpha = 1", "int", 1),
        ("alpha = 0.5", "float", 0.5),
        ("alpha = -2.5e3", "float", -2500.0),
        ("alpha = 'a'", "str", "a"),
        ("alpha = True", "bool", True),
        ("alpha = None", "Any", None),
        ("alpha = [1, 2]", "list", [1, 2]),
        ("alpha = {'a': 1}", "dict", {"a": 1}),
        ("alpha = (1, 2)", "list", [1, 2]),
        ("alpha = 2 ** 10", "int", 1024),
        ("alpha = 10 * 60.0", "float", 600.0),
        ("alpha = 10 ** 10 ** 10", "Any", None),
        ("alpha = 1 / 0", "Any", None),
        ("alpha = Path('x')", "Any", None),
    ],
)
def test_kind_follows_from_the_default(source, kind, default):
    parameter = only(source)
    assert (parameter.kind, parameter.default, parameter.required) == (kind, default, False)


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        ("float", "float"),
        ("int | None", "int | None"),
        ("Optional[int]", "int | None"),
        ("t.Optional[int]", "int | None"),
        ("Union[int, str]", "int | str"),
        ("'float'", "float"),
        ("Literal['l1', 'l2']", "Literal['l1', 'l2']"),
        ("typing.Literal[1, 2] | None", "Literal[1, 2] | None"),
        ("list[int]", "list[int]"),
        ("Dict[str, float]", "dict[str, float]"),
        ("Annotated[float, 'positive']", "float"),
        ("np.ndarray", "Any"),
        ("'not python ('", "Any"),
    ],
)
def test_kind_follows_from_the_annotation(annotation, kind):
    assert only(f"alpha: {annotation} = ...").kind == kind


def test_an_annotation_without_a_value_is_required():
    assert only("alpha: float  # how much").required


def test_the_trailing_comment_is_the_help():
    assert only("alpha = 0.5  # regularisation").help == "regularisation"


def test_hash_and_equals_in_a_string_are_part_of_the_value():
    parameter = only("query = 'a=b # c'  # a filter")
    assert (parameter.default, parameter.help) == ("a=b # c", "a filter")


def test_a_value_may_span_lines():
    parameter = only("columns = [\n    'a',  # first\n    'b',\n]  # what to keep")
    assert (parameter.default, parameter.help) == (["a", "b"], "what to keep")


def test_papermills_type_comment_is_an_annotation():
    parameter = only("alpha = None  # type: float how much")
    assert (parameter.kind, parameter.help) == ("float", "how much")


def test_literal_choices_are_offered():
    assert only("norm: Literal['l1', 'l2'] = 'l1'").choices == ("l1", "l2")


def test_tuples_and_chains_assign_several():
    found = parameters(notebook("a, b = 1, 'x'\nc = d = 2.0"))
    assert [(one.name, one.kind) for one in found] == [
        ("a", "int"),
        ("b", "str"),
        ("c", "float"),
        ("d", "float"),
    ]


def test_the_last_assignment_counts():
    assert only("alpha = 1\nalpha = 'x'").default == "x"


def test_magics_in_the_cell_are_passed_over():
    assert only("%load_ext labline\n!ls\nalpha = 1").default == 1


def test_statements_that_assign_nothing_are_no_parameters():
    assert parameters(notebook("import os\nif True:\n    x = 1\nobj.x = 2\nprint(1)")) == []


def test_a_notebook_without_the_cell_has_none():
    assert parameters(notebook("alpha = 1", tags=())) == []


def test_a_syntax_error_names_line_and_text():
    with pytest.raises(BadNotebook, match=r"line 2: .*beta = = 2"):
        parameters(notebook("alpha = 1\nbeta = = 2"))
