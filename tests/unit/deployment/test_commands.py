import random

import pytest

from labline.deployment.commands import fill, template
from labline.errors import BadInput
from labline.records import Command


def serve(port: int) -> Command:
    url = f"http://127.0.0.1:{port}"
    return Command(("serve", "--port", str(port), "{port} 8080"), {"URL": url}, "/srv")


def test_a_command_can_be_made_again_for_any_port():
    kept = template(serve)
    assert fill(kept, 20123) == serve(20123)
    assert fill(kept, 8080) == serve(8080)


def test_a_command_that_depends_on_more_than_its_port_is_refused():
    with pytest.raises(BadInput, match="port only"):
        template(lambda port: Command(("serve", str(port), str(random.random())), {}, "/"))
