"""``%log``: metrics, parameters, data and the model, from the user's variables."""

from __future__ import annotations

import sys
from argparse import Namespace
from dataclasses import dataclass, field
from typing import Any

from labline.cards import Rich, escape, listing
from labline.errors import BadInput, Conflict
from labline.kernel import Recorder, install
from labline.magics.arguments import (
    BadUsage,
    Parser,
    assignments,
    evaluate,
    is_nan,
    listed,
    number,
)
from labline.records import Dataset, to_dict

_SIGNS = set("/:.%\"'")


class NotRecording(Conflict):
    """No recording is on."""


@dataclass(frozen=True)
class Logged(Rich):
    """What ``%log`` logged."""

    metrics: dict[str, float] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    datasets: tuple[Dataset, ...] = ()
    #: name of the model
    model: str | None = None
    #: what the model needs to be installed
    requirements: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return one line, since IPython shows it under the cell."""
        data = ", ".join(f"{item.name} ({item.rows} rows)" for item in self.datasets)
        model = f"{self.model} ({len(self.requirements)} requirements)" if self.model else ""
        parts = (
            ("", listing(self.metrics)),
            ("params ", listing(self.params)),
            ("model ", model),
            ("data ", data),
        )
        return "Logged " + "; ".join(f"{kind}{text}" for kind, text in parts if text)

    def _repr_html_(self) -> str:
        return (
            f'<div class="labline-logged" style="overflow-wrap:anywhere">{escape(repr(self))}</div>'
        )


def log_parser() -> Parser:
    """Return the parser of ``%log``."""
    parser = Parser(
        "log",
        "Log metrics, parameters, data and the model with the run that is recorded.",
        example="%log auc=auc rmse=np.sqrt(mse) --params C --model model --data X_test,y_test",
    )
    parser.add_argument(
        "metrics", nargs="*", help="NAME=EXPRESSION, or a variable of that name; a number each"
    )
    parser.add_argument(
        "--params", nargs="+", metavar="NAME=VALUE", help="parameters, or variables"
    )
    parser.add_argument("--model", metavar="MODEL", help="the fitted model; needs --data")
    parser.add_argument("--name", help="name of the model; its variable's unless given")
    parser.add_argument(
        "--data", nargs="+", metavar="TABLE", help="tables; with --model held-out X,y"
    )
    parser.add_argument(
        "--train",
        nargs="+",
        metavar="TABLE",
        help="with --model, the training set X,y: what it looks like is kept for the gate data",
    )
    parser.add_argument("--source", default="memory", help="where the data came from: path or URL")
    return parser


def log(shell: Any, arguments: Namespace) -> Logged:
    """Log everything on the line, or nothing where something on it is wrong."""
    recorder = install(shell)
    if recorder.recording is None:
        raise NotRecording(
            "No recording is on, so there is no run to log to.",
            fix="Begin the cell with %%record, or run %record on first.",
        )
    metrics = _metrics(arguments.metrics, shell.user_ns)
    params = _params(listed(arguments.params), shell.user_ns)
    tables = {text: evaluate(text, shell.user_ns) for text in listed(arguments.data)}
    trained = _trained(shell, arguments)
    if not (metrics or params or tables or arguments.model):
        raise BadUsage("There is nothing to log.", fix="For example: %log auc=auc")
    datasets = _datasets(tables, arguments.source)
    trained_on = _training(trained, arguments.source)
    recorder.recording.check_params(params)
    model = _model(shell, recorder, arguments, tables, trained) if arguments.model else ("", ())
    _put(recorder, metrics, params, datasets)
    for dataset in trained_on:
        recorder.put({"event": "dataset", **to_dict(dataset), "context": "training"})
    return Logged(metrics, params, (*datasets, *trained_on), model[0] or None, model[1])


def _put(
    recorder: Recorder,
    metrics: dict[str, float],
    params: dict[str, str],
    datasets: tuple[Dataset, ...],
) -> None:
    if metrics:
        recorder.put({"event": "metrics", "values": metrics})
    if params:
        recorder.put({"event": "params", "values": params})
    for dataset in datasets:
        recorder.put({"event": "dataset", **to_dict(dataset)})


def _metrics(words: list[str], namespace: dict[str, Any]) -> dict[str, float]:
    metrics = {name: number(name, evaluate(text, namespace)) for name, text in assignments(words)}
    for name, value in metrics.items():
        if is_nan(value):
            sys.stderr.write(f"{name} is NaN: a metric gate will refuse it.\n")
    return metrics


def _params(words: list[str], namespace: dict[str, Any]) -> dict[str, str]:
    return {name: _param(name, text, namespace) for name, text in assignments(words)}


def _param(name: str, text: str, namespace: dict[str, Any]) -> str:
    """Return a parameter's value; a word that is no variable, as in ``kind=ridge``, is text."""
    try:
        return str(evaluate(text, namespace))
    except BadUsage:
        if name == text:
            raise
        return text


def _datasets(tables: dict[str, Any], source: str) -> tuple[Dataset, ...]:
    from labline.datasets import describe

    return tuple(describe(table, name, source) for name, table in tables.items())


def _trained(shell: Any, arguments: Namespace) -> dict[str, Any]:
    """Return the tables of ``--train X[,y]``, checked against one another."""
    tables = {text: evaluate(text, shell.user_ns) for text in listed(arguments.train)}
    if tables and not arguments.model:
        raise BadUsage(
            "--train tells what a model was fitted on, and no model is logged.",
            fix="For example: %log --model model --data X_test,y_test --train X_train,y_train",
        )
    if tables:
        _example(tables)
    return tables


def _training(tables: dict[str, Any], source: str) -> tuple[Dataset, ...]:
    """Return what the tables of ``--train`` are."""
    found = _datasets(tables, source)
    if found and not found[0].rows:
        raise BadInput(
            f"{found[0].name} has no rows.", fix="Give the rows that the model was fitted on."
        )
    return found


def _model(
    shell: Any,
    recorder: Recorder,
    arguments: Namespace,
    tables: dict[str, Any],
    trained: dict[str, Any],
) -> tuple[str, tuple[str, ...]]:
    """Save the model beside the journal, note it there; return its name and requirements."""
    from labline.datasets import training
    from labline.kernel.requirements import of_model
    from labline.tracking import holdout, models

    assert recorder.recording is not None
    model = evaluate(arguments.model, shell.user_ns)
    name = _model_name(arguments)
    example = _example(tables)
    needs = of_model(model)
    folder = recorder.recording.model_folder(name)
    models.save(
        model,
        folder,
        example=example,
        requirements=list(needs.requirements),
        code_paths=list(needs.code_paths),
    )
    labels = next(iter(list(tables.values())[1:]), None)
    kept = holdout.write(model, example, folder.with_name("holdout.json"), labels)
    learned = None
    if trained:
        (train, rows), *others = trained.items()
        truth = others[0][1] if others else None
        file = folder.with_name("training.json")
        learned = training.write(rows, file, name=train, labels=truth)
    recorder.recording.put_model(folder, holdout=kept, training=learned)
    return name, needs.requirements


def _model_name(arguments: Namespace) -> str:
    name = arguments.name or (arguments.model if arguments.model.isidentifier() else "model")
    if _SIGNS & set(name):
        raise BadUsage(
            f"A model cannot be called {name!r}.", fix=f"Leave out {' '.join(sorted(_SIGNS))}."
        )
    return str(name)


def _example(tables: dict[str, Any]) -> Any:
    """Return X of ``--data X[,y]``, checked against y."""
    if not tables:
        raise BadUsage(
            "A model needs data, for its signature.",
            fix="For example: %log --model model --data X_test,y_test",
        )
    (name, example), *others = tables.items()
    for other, values in others:
        if len(values) != len(example):
            raise BadInput(
                f"{name} has {len(example)} rows, {other} has {len(values)}.",
                fix="Give rows and labels that belong together.",
            )
    return example
