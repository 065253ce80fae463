"""A column of pandas' dtype ``category``: MLflow's schema knows words only, the model categories.

labline writes down what they are when it saves a model, for a model takes a word for what it is
only in a column of all the categories that it was trained with.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from bento_pyfunc.columns import NUMBER, Array, Kind, Unfit, Values, describe

#: most categories that a message names
_NAMED = 8


def kind(categories: list[Any]) -> Kind:
    """Return how a column of these categories travels as JSON: each as itself."""
    known = frozenset(categories)

    def array(values: Values) -> Array:
        strange = next((v for v in values if v is not None and v not in known), None)
        if strange is not None:
            raise Unfit(f"must be {words}, not {describe(strange)}")
        return pd.Categorical(list(values), categories=categories)

    words = f"one of the model's categories: {_listed(categories)}"
    types = frozenset(map(type, categories))
    # To JSON, 2 and 2.0 are one number; some writers have no other way to say 2.0.
    types |= NUMBER if types & NUMBER else frozenset()
    return Kind("category", types, words, array, array, {"enum": categories})


def _listed(categories: list[Any]) -> str:
    named = ", ".join(map(str, categories[:_NAMED]))[:200]
    return f"{named}, ..." if len(categories) > _NAMED else named
