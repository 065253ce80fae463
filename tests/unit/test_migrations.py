"""Databases that an older labline left."""

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from labline.database import Database, engine
from labline.deployment.releases import Releases

OLD = {
    **{"endpoint": "churn", "bento": "churn:1", "model": "churn/1", "python": "/py"},
    **{"port": 20_123, "state": "live", "created": 1.0, "actor": "ada", "reason": "", "key": "k"},
    **{
        "command": '{"argv": [], "env": {}, "cwd": "/"}',
        "digest": "0" * 64,
        "weight": 0,
        "mirrored": 0,
    },
}


def left_at(url: str, version: str) -> None:
    """Make a database as it was at a version, with one release."""
    old = sa.create_engine(url)
    with old.connect() as connection:
        config = Config()
        config.set_main_option("script_location", str(engine._MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, version)
        releases = sa.Table("releases", sa.MetaData(), autoload_with=connection)
        connection.execute(sa.insert(releases).values(OLD))
        connection.commit()
    old.dispose()


def test_a_release_with_one_port_becomes_one_with_one_instance(tmp_path):
    url = f"sqlite:///{tmp_path / 'labline.db'}"
    left_at(url, "0003")
    database = Database(url)
    live = Releases(database).live("churn")
    database.close()
    assert (live.release.ports, live.release.host) == ((20_123,), "")
    assert [(each.name, each.port) for each in live.instances] == [("release-1", 20_123)]
