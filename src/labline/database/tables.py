"""The tables; migrations/versions holds how they came to be."""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

ledger = Table(
    "ledger",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("action", String(50), nullable=False),
    Column("model", String(200), nullable=False),
    Column("subject", String(300), nullable=False),
    Column("payload", Text, nullable=False),
    # the workflow step that wrote the entry: a step that is run again finds it
    Column("key", String(200), nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("signer", String(60), nullable=True),
    Column("signature", String(100), nullable=True),
    UniqueConstraint("key"),
)

endpoints = Table(
    "endpoints",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("created", Float, nullable=False),
    # that it was deployed by last
    Column("stage", String(200), nullable=True),
)

releases = Table(
    "releases",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("endpoint", String(63), nullable=False, index=True),
    Column("bento", String(300), nullable=False),
    Column("model", String(300), nullable=False),
    Column("python", Text, nullable=False),
    # of its instances, divided by commas
    Column("ports", String(300), nullable=False),
    # machine whose platform runs it; empty on SQLite, where there is only one
    Column("host", String(200), nullable=False, default="", server_default=""),
    Column("state", String(20), nullable=False),
    Column("created", Float, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("reason", Text, nullable=False, default=""),
    # the workflow that started the release: a deploy that is run again finds it
    Column("key", String(200), nullable=False, unique=True),
    # JSON of the command that boots it, the port left open
    Column("command", Text, nullable=False),
    # SHA-256 of the model's files
    Column("digest", String(64), nullable=False),
    # release that a rollback of this one brings back
    Column("previous", Integer, nullable=True),
    # of a candidate: percent of the endpoint's requests that it answers, or sees a copy of
    Column("weight", Integer, nullable=False, default=0, server_default="0"),
    Column("mirrored", Integer, nullable=False, default=0, server_default="0"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("endpoint", String(63), nullable=False, index=True),
    Column("created", Float, nullable=False),
    Column("expires", Float, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("revoked", Boolean, nullable=False, default=False),
)

workers = Table(
    "workers",
    metadata,
    Column("id", String(100), primary_key=True),
    Column("host", String(200), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", Float, nullable=False),
    Column("seen", Float, nullable=False),
)
