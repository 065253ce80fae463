import json
from pathlib import Path

import pytest

from labline.deployment import discovery, envoy, upstreams
from labline.deployment.envoy import Backend, Routing
from labline.deployment.places import Places
from labline.settings import Settings

LIVE, CANARY, IDLE = Backend(1, (20001,), 90), Backend(2, (20002,), 10), Backend(3, (20003,), 0)


def routes_of(routing: Routing) -> list[dict]:
    return envoy.routes(routing)["virtual_hosts"][0]["routes"]


def guarded(route: dict) -> bool:
    rules = route["typed_per_filter_config"]
    return "rbac" in rules["envoy.filters.http.rbac"]


def test_traffic_is_shared_by_weight_and_a_release_without_weight_gets_none():
    found = routes_of(Routing({"churn": (LIVE, CANARY, IDLE)}))
    route = next(each for each in found if each["match"] == {"prefix": "/churn/"})
    shares = route["route"]["weighted_clusters"]["clusters"]
    assert [(each["name"], each["weight"]) for each in shares] == [
        ("release-1-20001", 90),
        ("release-2-20002", 10),
    ]


def test_a_shadow_gets_copies_of_what_needs_a_key_and_no_share():
    found = routes_of(Routing({"churn": (LIVE, Backend(2, (20002,), 0, mirrored=50))}))
    copies = {
        each["match"].get("prefix", each["match"].get("path")): each["route"][
            "request_mirror_policies"
        ]
        for each in found
        if "route" in each
    }
    share = {"default_value": {"numerator": 50, "denominator": "HUNDRED"}}
    mirror = [{"cluster": "release-2-20002", "runtime_fraction": share}]
    assert copies == {
        "/churn/livez": [],
        "/churn/readyz": [],
        "/churn/version": [],
        "/churn": mirror,
        "/churn/": mirror,
    }


def test_only_the_gateway_has_exchanges_kept_and_only_beside_a_shadow():
    shadow = Backend(2, (20002,), 0, mirrored=100)
    for backends, added in (((LIVE, shadow), ["x-labline-capture"]), ((LIVE,), [])):
        found = routes_of(Routing({"churn": backends}))
        route = next(each for each in found if each["match"] == {"prefix": "/churn/"})
        assert [each["header"]["key"] for each in route["request_headers_to_add"]] == added
        removed = {"x-labline-capture-token", "x-labline-capture"} - set(added)
        assert set(route["request_headers_to_remove"]) == removed


def test_only_livez_and_readyz_of_an_endpoint_are_open():
    found = routes_of(Routing({"churn": (LIVE,)}))
    open_ones = [each["match"] for each in found if "route" in each and not guarded(each)]
    assert open_ones == [{"path": "/churn/livez"}, {"path": "/churn/readyz"}]


def test_a_route_asks_for_a_key_of_its_own_endpoint_and_refuses_revoked_ones():
    found = routes_of(Routing({"churn": (LIVE,)}, frozenset({"k-1"})))
    rule = json.dumps(next(each for each in found if each["match"] == {"prefix": "/churn/"}))
    assert '"aud"' in rule
    assert '"exact": "churn"' in rule
    assert '"exact": "k-1"' in rule


def test_an_endpoint_without_a_live_release_answers_503():
    found = routes_of(Routing({"churn": (IDLE,)}))
    answers = {each["match"]["prefix"]: each["direct_response"]["status"] for each in found[1:]}
    assert answers == {"/churn/": 503, "/": 404}


def test_every_backend_has_a_cluster_that_is_checked_for_health():
    found = envoy.clusters(Routing({"churn": (LIVE, IDLE)}))
    assert [each["name"] for each in found] == ["release-1-20001", "release-3-20003"]
    assert all(each["health_checks"][0]["http_health_check"]["path"] == "/readyz" for each in found)


def test_what_was_lost_with_an_instance_is_tried_on_one_other_and_only_there():
    def policy(*ports: int) -> dict:
        found = routes_of(Routing({"churn": (Backend(1, ports, 100),)}))
        return next(each for each in found if each["match"] == {"prefix": "/churn/"})["route"][
            "retry_policy"
        ]

    assert "reset" not in policy(20001)["retry_on"].split(",")
    several = policy(20001, 20002)
    assert "reset" in several["retry_on"].split(",")
    assert several["num_retries"] == 1
    assert "previous_hosts" in several["retry_host_predicate"][0]["name"]


def test_instances_share_a_cluster():
    (found,) = envoy.clusters(Routing({"churn": (Backend(1, (20001, 20002), 100),)}))
    hosts = found["load_assignment"]["endpoints"][0]["lb_endpoints"]
    ports = [each["endpoint"]["address"]["socket_address"]["port_value"] for each in hosts]
    assert (found["name"], ports) == ("release-1-20001-20002", [20001, 20002])


def test_instances_with_sockets_are_reached_by_them_and_known_by_their_ports():
    shared = Backend(1, (20001, 20002), 100, sockets=Path("/p"))
    (found,) = envoy.clusters(Routing({"churn": (shared,)}))
    hosts = found["load_assignment"]["endpoints"][0]["lb_endpoints"]
    addresses = [each["endpoint"]["address"] for each in hosts]
    assert addresses == [{"pipe": {"path": f"/p/{port}.sock"}} for port in (20001, 20002)]
    assert [each["endpoint"]["hostname"] for each in hosts] == ["release-1", "release-1-2"]
    assert [upstreams.port_of(each) for each in addresses] == [20001, 20002]
    assert upstreams.port_of({"socket_address": {"address": "::1", "port_value": 7}}) == 7


def test_equal_content_has_an_equal_version():
    one = discovery.resources("cds", envoy.clusters(Routing({"a": (LIVE,), "b": (CANARY,)})))
    same = discovery.resources("cds", envoy.clusters(Routing({"b": (CANARY,), "a": (LIVE,)})))
    other = discovery.resources("cds", envoy.clusters(Routing({"a": (LIVE,)})))
    assert one == same
    assert one["version_info"] != other["version_info"]


def test_watched_files_name_their_directory_and_the_admin_is_a_private_socket():
    config = envoy.bootstrap(Settings(), Places(Path("/p"), Path("/p/.l")))
    for kind in ("lds", "cds"):
        source = config["dynamic_resources"][f"{kind}_config"]["path_config_source"]
        assert source["watched_directory"]["path"] == "/p/.l/gateway/envoy"
        assert source["path"] == f"/p/.l/gateway/envoy/{kind}.json"
    assert config["admin"]["address"] == {"pipe": {"path": "/p/.l/gateway/admin", "mode": 0o600}}


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_listener_listens_where_it_is_told_and_shares_its_port_with_nobody(host):
    settings = Settings(gateway={"host": host, "port": 9999})
    found = envoy.listener(settings, "{}", {})
    assert found["address"]["socket_address"] == {"address": host, "port_value": 9999}
    assert found["enable_reuse_port"] is False
