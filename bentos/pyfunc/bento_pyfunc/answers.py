"""What a model gives -> the body of the response, in each form."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
import pandas as pd

from bento_pyfunc.media import Form
from bento_pyfunc.problems import not_acceptable

_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


class Writer:
    """Writes the answers of one model.

    Parameters
    ----------
    label
        ``NAME/VERSION`` of the model; every answer says it.
    """

    def __init__(self, label: str) -> None:
        self._label = label
        self._model = b',"model":' + orjson.dumps(label) + b"}"
        self._forms: dict[Form, Callable[[Any], bytes]] = {
            Form.JSON: self._json,
            Form.NDJSON: self._ndjson,
            Form.ARROW: self._arrow,
        }

    def write(self, predictions: Any, form: Form, classes: list[Any] | None = None) -> bytes:
        """Return the body of the response.

        Parameters
        ----------
        classes
            Labels of the classes, where the predictions are a probability for each.

        Raises
        ------
        TypeError
            The model gave something that has no form in JSON, or two columns of one name.
        Problem
            406: the predictions have no form in Arrow.
        """
        if classes is None:
            return self._forms[form](predictions)
        if form is Form.JSON:
            known = b'{"classes":' + _dump(classes) + b',"probabilities":'
            return known + _dump(_jsonable(predictions)) + self._model
        return self._forms[form](pd.DataFrame(predictions, columns=list(map(str, classes))))

    def _json(self, predictions: Any) -> bytes:
        return b'{"predictions":' + _dump(_jsonable(predictions)) + self._model

    def _ndjson(self, predictions: Any) -> bytes:
        rows = _rows(_jsonable(predictions))
        return b"".join(_dump(_object(row)) + b"\n" for row in rows)

    def _arrow(self, predictions: Any) -> bytes:
        import pyarrow as pa

        from bento_pyfunc import ipc

        given = _columns(predictions)
        try:
            columns = {name: _arrow_array(values) for name, values in given}
            return ipc.write(columns, self._label)
        except (pa.ArrowException, ValueError, TypeError):
            raise not_acceptable([Form.JSON.value, Form.NDJSON.value]) from None


def _dump(value: Any) -> bytes:
    return orjson.dumps(value, default=_default, option=_OPTIONS)


def _object(row: Any) -> dict[Any, Any]:
    return row if isinstance(row, dict) else {"prediction": row}


def _rows(plain: Any) -> Any:
    """Return predictions row by row; a dict is one of arrays by name."""
    if isinstance(plain, dict):
        return [dict(zip(plain, row, strict=True)) for row in zip(*plain.values(), strict=True)]
    return plain if isinstance(plain, list | np.ndarray) else [plain]


def _columns(predictions: Any) -> list[tuple[str, Any]]:
    if isinstance(predictions, pd.DataFrame):
        _refuse_twins(predictions)
        return [(str(name), predictions.iloc[:, at]) for at, name in enumerate(predictions)]
    if isinstance(predictions, dict):
        return [(str(name), values) for name, values in predictions.items()]
    dense = predictions.toarray() if hasattr(predictions, "toarray") else predictions
    return [("prediction", dense)]


def _refuse_twins(table: pd.DataFrame) -> None:
    """Refuse a table in which one column would hide another of the same name."""
    names = list(map(str, table.columns))
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise TypeError(f"The model's answer has two columns named {twice!r}.")


def _arrow_array(values: Any) -> Any:
    import pyarrow as pa

    if isinstance(values, np.ndarray) and values.ndim > 1:
        made = pa.array(values.reshape(-1))
        for size in reversed(values.shape[1:]):
            made = pa.FixedSizeListArray.from_arrays(made, size)
        return made
    return pa.array(values)


def _jsonable(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, pd.DataFrame):
        _refuse_twins(value)
        columns = [value.iloc[:, at].tolist() for at in range(value.shape[1])]
        return [dict(zip(value.columns, row, strict=True)) for row in zip(*columns, strict=True)]
    if hasattr(value, "toarray"):  # SciPy's sparse matrices
        return value.toarray().tolist()
    return value.tolist() if isinstance(value, pd.Series | pd.Index) else value


def _array(value: np.ndarray[Any, Any]) -> Any:
    if value.dtype.kind == "M":
        return value.astype("datetime64[us]").tolist()
    plain = value.dtype.kind in "fiub" and value.dtype.isnative and value.flags.c_contiguous
    return value if plain else value.tolist()


def _default(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
