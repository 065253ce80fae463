import json
import stat
import threading

import jwt
import pytest

from labline.database import Database, api_keys
from labline.deployment.keys import Keys, SigningKey
from labline.errors import BadInput, NotFound
from labline.settings import Settings


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(root=tmp_path)


@pytest.fixture
def keys(settings):
    database = Database(settings.database)
    yield Keys(settings, database)
    database.close()


def test_the_signing_key_is_made_once_and_is_its_owners_alone(settings):
    made: list[str] = []
    threads = [
        threading.Thread(target=lambda: made.append(SigningKey.of(settings).jwks()))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(made)) == 1
    path = settings.state / "keys" / "signing.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["signing.pem"]


def test_a_key_is_a_token_for_one_endpoint_with_an_id_and_an_end(settings, keys):
    token = keys.issue("churn", 60, "ada")
    public = jwt.PyJWKSet.from_dict(json.loads(SigningKey.of(settings).jwks())).keys[0]
    claims = jwt.decode(token, public.key, algorithms=["EdDSA"], audience="churn")
    (known,) = keys.list("churn")
    assert claims["jti"] == known.id
    assert claims["exp"] == int(known.expires)
    assert (known.actor, known.revoked) == ("ada", False)


def test_a_key_is_never_stored(settings, keys):
    token = keys.issue("churn", 60, "ada")
    for path in settings.state.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert token.encode() not in content
            assert token.rpartition(".")[2].encode() not in content


def test_revoked_ids_are_told_until_the_key_has_expired_anyway(keys):
    keys.issue("churn", 3600, "ada")
    (known,) = keys.list()
    assert keys.revoke(known.id).revoked
    assert keys.revoked() == {known.id}
    with keys._database.writing() as connection:
        connection.execute(api_keys.update().values(expires=1.0))
    assert keys.revoked() == frozenset()


def test_long_expired_keys_are_forgotten(keys):
    keys.issue("churn", 60, "ada")
    with keys._database.writing() as connection:
        connection.execute(api_keys.update().values(expires=1.0))
    keys.issue("churn", 60, "bob")
    assert [each.actor for each in keys.list()] == ["bob"]


def test_an_unknown_id_and_a_ttl_of_nothing_are_errors(keys):
    with pytest.raises(NotFound, match="nobody"):
        keys.revoke("nobody")
    with pytest.raises(BadInput):
        keys.issue("churn", 0, "ada")
