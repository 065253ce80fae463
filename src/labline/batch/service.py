"""Batch scoring: check everything, score what is not scored yet, publish it at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import labline
from labline.batch import columns, crew, sources
from labline.batch.output import SCRATCH, Output
from labline.batch.plan import PIECE_ROWS, Piece, Plan
from labline.batch.scoring import Done, Work
from labline.cards import Card, Carded, told
from labline.errors import BadInput, Failed, Refused

Progress = Callable[[Mapping[str, Any]], None]
#: called with what is published, before it is
Record = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class Order:
    """What somebody wants scored, and how."""

    input: str
    output: str
    #: columns of the input that the output has too; ``("all",)`` for every one
    keep: tuple[str, ...] = ()
    #: whether an output that is there, or was begun, is replaced
    overwrite: bool = False
    #: processes here
    workers: int | None = None
    #: address of a Dask scheduler, instead
    scheduler: str | None = None
    #: rows that make a piece
    piece_rows: int = PIECE_ROWS


@dataclass(frozen=True)
class Subject:
    """The model version that scores."""

    label: str
    #: SHA-256 of its files
    digest: str
    folder: Path
    #: MLflow's schema of its inputs, as data, with the categories of those that have some
    inputs: tuple[Mapping[str, Any], ...]
    #: names of the packages that it needs
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scored(Carded):
    """What a batch came to."""

    #: ``MODEL/VERSION``
    model: str
    #: SHA-256 of the model's files
    digest: str
    input: str
    output: str
    rows: int
    #: files of the output
    parts: int
    #: columns of the output with their types
    columns: str
    #: rows of them that an earlier attempt had scored
    resumed: int
    #: of this attempt
    seconds: float
    #: under which the ledger has it
    id: str

    def card(self) -> Card:
        """Return how a notebook shows it."""
        facts = told(
            ("rows", f"{self.rows:,}"),
            ("from", self.input),
            ("to", self.output),
            ("columns", self.columns),
            ("went on after", f"{self.resumed:,} rows" if self.resumed else None),
            ("took", f"{self.seconds:.1f} s"),
        )
        notes = [f"Read it: pandas.read_parquet({self.output!r})"]
        return Card(f"Batch by {self.model}", "scored", "good", facts, notes)


def run(
    order: Order, subject: Subject, *, actor: str, record: Record, progress: Progress | None = None
) -> Scored:
    """Score the rows of `order.input` into the folder `order.output`.

    Nothing runs before columns and types were checked. A part is kept as soon as it is whole:
    the same order goes on where one that was interrupted stopped.

    Raises
    ------
    BadInput
        Input, columns, rows or output cannot be used.
    Conflict
        The output is there, or other work on it is under way.
    Failed
        The model raised.
    Unreachable
        The scheduler, or the store of the input, does not answer.
    """
    began = time.time()
    output = Output(_place(order))
    output.check(order.overwrite)
    _checked(subject)
    found = sources.survey(order.input)
    paths = [file.path for file in found.files]
    schemas = list(zip(paths, found.schemas, strict=True))
    keep = columns.check(schemas, subject.inputs, order.keep, csv=found.csv)
    fresh = Plan(subject.label, subject.digest, found.place, found.files, keep, order.piece_rows)
    with output.held():
        plan = output.begin(fresh, order.overwrite)
        types = columns.csv_types(subject.inputs, found.schemas[0], keep) if found.csv else {}
        work = Work(
            *(subject.label, subject.digest, subject.folder, subject.inputs, found.place),
            *(found.csv, keep, types, output.hidden),
        )
        known = [done for piece in plan.pieces if (done := output.done(piece))]
        every = [*known, *_rest(order, subject, work, plan.pieces, known, progress)]
        told = _manifest(plan, every, began, actor)
        record(told)
        output.publish(told, order.overwrite)
    return Scored(
        model=subject.label,
        digest=subject.digest,
        input=found.place,
        output=str(output.place),
        rows=told["rows"],
        parts=len(told["parts"]),
        columns=told["columns"],
        resumed=sum(done.rows for done in known),
        seconds=time.time() - began,
        id=plan.id,
    )


def _place(order: Order) -> Path:
    if "://" in order.output:
        raise BadInput(
            f"{order.output} is a URL; a batch is written to a folder.",
            fix="Write it to a folder, then copy that.",
        )
    place = Path(order.output).absolute()
    source = Path(order.input).absolute()
    if "://" not in order.input and place.resolve().is_relative_to(source.resolve()):
        raise BadInput(
            f"{place} lies in the input {source}: it would be its own input next time.",
            fix="Name an OUTPUT beside it.",
        )
    return place


def _checked(subject: Subject) -> None:
    """Raise where the model takes what no file of rows has."""
    for item in subject.inputs:
        if not item.get("name") or item["type"] not in columns.TYPES:
            named = f"input {item['name']!r}" if item.get("name") else "an input without a name"
            raise Refused(
                f"{subject.label} takes {named} of the type {item['type']!r}; "
                "a batch has named columns of plain values.",
                fix="Log the model with a DataFrame as its data.",
            )


def _rest(
    order: Order,
    subject: Subject,
    work: Work,
    pieces: Sequence[Piece],
    known: Sequence[Done],
    progress: Progress | None,
) -> list[Done]:
    """Score the pieces that are not scored yet, and tell how far it is."""
    have = {done.number for done in known}
    left = [piece for piece in pieces if piece.number not in have]
    done, rows = [], sum(one.rows for one in known)
    tell = progress or (lambda _: None)
    tell({"done": len(have), "total": len(pieces), "rows": rows})
    for one in _crew(order, subject, work, left):
        done.append(one)
        rows += one.rows
        tell({"done": len(have) + len(done), "total": len(pieces), "rows": rows})
    return done


def _crew(order: Order, subject: Subject, work: Work, left: Sequence[Piece]) -> Iterator[Done]:
    if not left:
        return iter(())
    if order.scheduler:
        return crew.elsewhere(work, left, order.scheduler, subject.needs)
    workers = min(order.workers or crew.cpus(), len(left))
    # Processes of their own take some seconds to start: not worth it for one piece.
    if len(left) == 1:
        return crew.here(work, left)
    return crew.on_cpus(work, left, workers, work.output / SCRATCH)


def _manifest(plan: Plan, every: Sequence[Done], began: float, actor: str) -> dict[str, Any]:
    """Return what is said of an output, in it and in the ledger.

    Raises
    ------
    BadInput
        There were no rows.
    Failed
        Parts have different columns.
    """
    parts = sorted((one for one in every if one.rows), key=lambda one: one.number)
    if not parts:
        raise BadInput(f"{plan.input} has no rows.", fix="Check what wrote it.")
    schemas = {one.schema: one.number for one in parts}
    if len(schemas) > 1:
        raise Failed(
            f"The parts differ: {' / '.join(list(schemas)[:3])}.",
            fix="Have the model give one type, whatever the rows are; then add --overwrite.",
        )
    names = {piece.number: piece.part for piece in plan.pieces}
    return {
        "id": plan.id,
        "model": plan.model,
        "digest": plan.digest,
        "input": plan.input,
        "files": [[file.path, file.size, file.changed] for file in plan.files],
        "bytes": plan.bytes,
        "keep": list(plan.keep),
        "rows": sum(one.rows for one in parts),
        "columns": parts[0].schema,
        "parts": [{"file": names[one.number], "rows": one.rows} for one in parts],
        "actor": actor,
        "began": began,
        "ended": time.time(),
        "labline": labline.__version__,
    }
