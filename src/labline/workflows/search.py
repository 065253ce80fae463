"""Find workflows by words: a query in the database, however many workflows there are."""

from __future__ import annotations

from typing import Any

from labline.records import JobStatus
from labline.workflows.state import STATUS

#: what a workflow was submitted with, and what it failed with, among DBOS's attributes
SAID, FAILED = "said", "failed"
#: characters of an error that are found
_LONGEST = 1000


def said(words: str) -> dict[str, str]:
    """Return the attributes of a workflow that is to be found by `words`."""
    return {SAID: words.lower()} if words else {}


def failed(error: BaseException) -> dict[str, str]:
    """Return the attribute by which a workflow that failed is found."""
    return {FAILED: str(error)[:_LONGEST].lower()}


def find(
    client: Any, name: str, text: str, *, limit: int, offset: int, status: JobStatus | None
) -> tuple[list[str], int]:
    """Return a page of the ids of workflows that `text` fits, newest first, and how many it fits.

    It fits where it is part of an id, of a status, or of what :func:`said` and :func:`failed` kept.
    """
    import sqlalchemy as sa

    # DBOS's client compares whole attributes only.
    system = client._sys_db
    columns = system.tables.workflow_status.c
    wanted = [
        columns.name == name,
        system._observability_filter(columns.application_name, None),
        sa.or_(*_fits(columns, text.lower())),
    ]
    if status:
        wanted.append(columns.status.in_(STATUS[status]))
    newest = (columns.created_at.desc(), columns.workflow_uuid.desc())
    ids = sa.select(columns.workflow_uuid).where(*wanted).order_by(*newest)
    count = sa.select(sa.func.count()).select_from(columns.name.table).where(*wanted)
    with system._observability_query() as connection:
        found = connection.execute(ids.limit(limit).offset(offset)).scalars().all()
        return [*found], int(connection.execute(count).scalar_one())


def _fits(columns: Any, text: str) -> list[Any]:
    words = [word for name, told in STATUS.items() if text in name for word in told]
    return [
        columns.workflow_uuid.contains(text, autoescape=True),
        columns.status.in_(words),
        *(
            columns.attributes[key].as_string().contains(text, autoescape=True)
            for key in (SAID, FAILED)
        ),
    ]
