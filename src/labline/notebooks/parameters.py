"""A notebook's parameters, read by :mod:`ast` from the cell tagged ``parameters``."""

from __future__ import annotations

import ast
import io
import operator
import re
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labline.errors import BadNotebook
from labline.notebooks import kinds

if TYPE_CHECKING:
    from nbformat import NotebookNode

PARAMETERS_TAG = "parameters"
_MAGIC = re.compile(r"^\s*[%!].*$", re.MULTILINE)
_TYPE_COMMENT = re.compile(r"type:\s*(\S+)\s*")
_OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a notebook."""

    name: str
    #: annotation text: ``"float"``, ``"int | None"``, ``"Literal['a', 'b']"`` or ``"Any"``
    kind: str
    #: value without which the notebook runs; ``None`` too where it is computed
    default: Any = None
    #: the trailing comment
    help: str = ""
    #: whether the cell gives no default
    required: bool = False
    #: the default as the cell writes it
    source: str = ""

    @property
    def choices(self) -> tuple[Any, ...]:
        """The values that a ``Literal`` allows."""
        return kinds.choices(self.kind)


def parameters_cell(notebook: NotebookNode) -> NotebookNode | None:
    """Return the first code cell tagged ``parameters``."""
    return next(
        (
            cell
            for cell in notebook.cells
            if cell.cell_type == "code" and PARAMETERS_TAG in cell.metadata.get("tags", [])
        ),
        None,
    )


def parameters(notebook: NotebookNode) -> list[Parameter]:
    """Return the notebook's parameters in the order of its cell; none without such a cell.

    Raises
    ------
    BadNotebook
        The cell is not valid Python.
    """
    cell = parameters_cell(notebook)
    return [] if cell is None else from_source(cell.source)


def from_source(source: str) -> list[Parameter]:
    """Return the parameters that the source of a parameters cell assigns."""
    tree, source = _parse(source)
    comments = _comments(source)
    found: dict[str, Parameter] = {}
    for statement in tree.body:
        note = comments.get(statement.end_lineno or 0) or comments.get(statement.lineno, "")
        for parameter in _assigned(statement, note):
            found[parameter.name] = parameter
    return list(found.values())


def _parse(source: str) -> tuple[ast.Module, str]:
    try:
        return ast.parse(source), source
    except SyntaxError as error:
        plain = _MAGIC.sub("pass", source)
        if plain != source:
            return _parse(plain)
        raise BadNotebook(
            f"The cell tagged 'parameters' is not valid Python: line {error.lineno}: "
            f"{error.msg}: {(error.text or '').strip()}",
            fix="Correct the cell; it should hold plain assignments such as 'alpha = 0.5'.",
        ) from error


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        token.start[0]: token.string.lstrip("#").strip()
        for token in tokens
        if token.type == tokenize.COMMENT
    }


def _assigned(statement: ast.stmt, note: str) -> Iterator[Parameter]:
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        kind = kinds.of_annotation(statement.annotation)
        yield _parameter(statement.target.id, statement.value, note, kind)
    elif isinstance(statement, ast.Assign):
        for target in statement.targets:
            for name, value in _pairs(target, statement.value):
                yield _parameter(name, value, note)


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif (
        isinstance(target, ast.Tuple)
        and isinstance(value, ast.Tuple)
        and len(target.elts) == len(value.elts)
    ):
        for one, its in zip(target.elts, value.elts, strict=True):
            yield from _pairs(one, its)


def _parameter(name: str, value: ast.expr | None, note: str, kind: str = "") -> Parameter:
    comment = _TYPE_COMMENT.match(note)
    if comment:
        kind = kind or kinds.of_annotation(ast.Constant(comment[1]))
        note = note[comment.end() :]
    default = _literal(value)
    return Parameter(
        name=name,
        kind=kind or kinds.of_value(default),
        default=default,
        help=note,
        required=value is None,
        source=ast.unparse(value) if value is not None else "",
    )


def _literal(node: ast.expr | None) -> Any:
    """Return the value of a literal or of plain arithmetic on numbers, else None."""
    if node is None:
        return None
    if isinstance(node, ast.BinOp):
        return _arithmetic(node)
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return None
    return list(value) if isinstance(value, tuple) else value


def _arithmetic(node: ast.BinOp) -> Any:
    left, right = _literal(node.left), _literal(node.right)
    operation = _OPERATIONS.get(type(node.op))
    if operation is None or not all(isinstance(side, int | float) for side in (left, right)):
        return None
    if operation is operator.pow and (abs(left) > 1e6 or abs(right) > 64):
        return None
    try:
        return operation(left, right)
    except ArithmeticError:
        return None
