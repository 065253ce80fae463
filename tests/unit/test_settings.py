"""labline.toml: what it takes, and how it says what it does not."""

from pathlib import Path

import pytest

from labline.errors import BadInput, BadSettings, NotFound
from labline.settings import Settings, to_bytes, to_seconds


def load(folder: Path, text: str) -> Settings:
    (folder / "labline.toml").write_text(text, encoding="utf-8")
    return Settings.load(folder)


def test_a_project_without_a_file_has_defaults(tmp_path: Path) -> None:
    settings = Settings.load(tmp_path)
    assert list(settings.stages) == ["staging", "prod"]
    assert settings.mlflow_uri == f"sqlite:///{tmp_path.resolve()}/.labline/mlflow.db"


def test_the_file_is_found_from_a_folder_below(tmp_path: Path) -> None:
    load(tmp_path, '[project]\nname = "churn"\n')
    (tmp_path / "a" / "b").mkdir(parents=True)
    settings = Settings.load(tmp_path / "a" / "b")
    assert (settings.project.name, settings.root) == ("churn", tmp_path.resolve())


def test_an_unknown_key_names_its_line_and_the_nearest_known_key(tmp_path: Path) -> None:
    with pytest.raises(BadSettings) as caught:
        load(tmp_path, '[project]\nname = "x"\n\n[jobs]\nconcurency = 3\n')
    assert "labline.toml:5: unknown key 'concurency'. Did you mean 'concurrency'?" in str(
        caught.value
    )


def test_an_unknown_key_in_an_inline_table_is_named_too(tmp_path: Path) -> None:
    with pytest.raises(BadSettings) as caught:
        load(tmp_path, '[stages.prod]\nmetric = { name = "auc", mni = 0.7 }\n')
    assert "labline.toml:2: unknown key 'mni'. Did you mean 'min'?" in str(caught.value)


def test_an_unknown_section_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSettings) as caught:
        load(tmp_path, "[gatway]\nport = 1\n")
    assert "labline.toml:1: unknown key 'gatway'. Did you mean 'gateway'?" in str(caught.value)


def test_every_fault_is_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadSettings) as caught:
        load(tmp_path, '[jobs]\ntimeout = "soon"\nconcurrency = 0\n')
    assert "labline.toml:2" in str(caught.value)
    assert "labline.toml:3" in str(caught.value)


def test_a_limit_of_the_wrong_type_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"labline.toml:2: stages.prod.metric.min"):
        load(tmp_path, '[stages.prod]\nmetric = { name = "auc", min = "high" }\n')


def test_text_that_is_not_toml_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="line 2"):
        load(tmp_path, "[project]\nname = churn\n")


@pytest.mark.parametrize(
    ("text", "seconds"), [('"90s"', 90), ('"10m"', 600), ('"2h"', 7200), ('"1d"', 86400), ("5", 5)]
)
def test_durations_are_numbers_or_words(tmp_path: Path, text: str, seconds: float) -> None:
    assert load(tmp_path, f"[jobs]\ntimeout = {text}\n").jobs.timeout == seconds


@pytest.mark.parametrize(
    ("text", "size"),
    [('"4GiB"', 4 * 2**30), ('"500 MB"', 5 * 10**8), ('"1.5k"', 1500), ('"9"', 9), ("1024", 1024)],
)
def test_sizes_are_numbers_or_words(tmp_path: Path, text: str, size: int) -> None:
    assert load(tmp_path, f"[jobs]\nmemory = {text}\n").jobs.memory == size


@pytest.mark.parametrize("text", ['"4 gigs"', '"GiB"', '"4iB"', '"-1GiB"', "0", '"1e9"'])
def test_what_is_no_size_is_refused_by_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadSettings, match=r"labline.toml:2: jobs.memory"):
        load(tmp_path, f"[jobs]\nmemory = {text}\n")


def test_an_option_that_is_no_size_or_time_is_refused_with_an_example() -> None:
    with pytest.raises(BadInput, match="'4 gigs' is not a size; write for example '512MiB'"):
        to_bytes("4 gigs")
    with pytest.raises(BadInput, match="'0s' is nothing"):
        to_seconds("0s")
    assert (to_bytes("4GiB"), to_seconds("2h")) == (4 * 2**30, 7200)


def test_stages_in_a_circle_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="circle: a -> b -> a"):
        load(tmp_path, '[stages.a]\nafter = "b"\n[stages.b]\nafter = "a"\n')


def test_a_stage_after_one_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        BadSettings, match=r"'stagin', which is not a stage\. Did you mean 'staging'"
    ):
        load(tmp_path, '[stages.staging]\n[stages.prod]\nafter = "stagin"\n')


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABLINE_GATEWAY__PORT", "9001")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    settings = load(tmp_path, '[gateway]\nport = 8000\nhost = "127.0.0.2"\n')
    assert (settings.gateway.port, settings.gateway.host) == (9001, "127.0.0.2")
    assert settings.mlflow_uri == "http://127.0.0.1:5000"


def test_an_unknown_stage_suggests_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="Did you mean 'staging'"):
        Settings.load(tmp_path).stage("stagng")


def test_a_worker_is_not_lost_within_three_heartbeats(tmp_path: Path) -> None:
    assert Settings.load(tmp_path).workers.lost == 60
    with pytest.raises(BadSettings, match="less than 3 heartbeats"):
        load(tmp_path, "[workers]\nheartbeat = 5\nlost = 10\n")


def test_fits_are_noted_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Settings.load(tmp_path).recording.autolog
    assert not load(tmp_path, "[recording]\nautolog = false\n").recording.autolog
    with pytest.raises(BadSettings, match=r"toml:2: unknown key 'autologg'.*'autolog'"):
        load(tmp_path, "[recording]\nautologg = false\n")
    monkeypatch.setenv("LABLINE_RECORDING__AUTOLOG", "false")
    assert not load(tmp_path, "").recording.autolog


def test_kernels_start_warm_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Settings.load(tmp_path).kernels.warm
    assert load(tmp_path, '[kernels]\nspares = 3\nidle = "5m"\n').kernels.idle == 300
    with pytest.raises(BadSettings, match=r"labline.toml:2"):
        load(tmp_path, "[kernels]\nspares = -1\n")
    monkeypatch.setenv("LABLINE_KERNELS__WARM", "false")
    assert not load(tmp_path, "[kernels]\nwarm = true\n").kernels.warm


def test_a_ledger_key_is_a_reference_and_the_key_itself_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"labline.toml:2: ledger.key: .*env:NAME") as caught:
        load(tmp_path, '[ledger]\nkey = "-----BEGIN PRIVATE KEY-----MC4CAQ"\n')
    assert "MC4CAQ" not in str(caught.value)


@pytest.mark.parametrize("key", ["ada", "ed25519:", "ed25519:YWJj", "rsa:" + "A" * 43 + "="])
def test_a_ledgers_signer_is_a_public_key(tmp_path: Path, key: str) -> None:
    with pytest.raises(BadSettings, match=r"labline.toml:2: ledger.signers.ada: .*no public key"):
        load(tmp_path, f'[ledger.signers]\nada = "{key}"\n')


def test_a_rollout_has_rising_steps_that_end_with_all(tmp_path):
    policy = tmp_path / "labline.toml"
    head = "[stages.prod.rollout]\n"
    policy.write_text(head + 'steps = [5, 100]\nevery = "10m"\nabort = { p99_ms = 200 }')
    rollout = Settings.load(tmp_path).stages["prod"].rollout
    assert (rollout.steps, rollout.every, rollout.abort.p99_ms) == ((5, 100), 600.0, 200.0)
    for wrong in ("steps = [5, 25]", "steps = [25, 5, 100]", "steps = []", "steps = [0, 100]"):
        policy.write_text(head + wrong)
        with pytest.raises(BadSettings, match=r"labline.toml:2: .*steps"):
            Settings.load(tmp_path)
    policy.write_text(head + "abort = { p99 = 200 }")
    with pytest.raises(BadSettings, match="p99_ms"):
        Settings.load(tmp_path)


def test_a_stage_names_its_endpoint_and_how_many_instances_it_has(tmp_path):
    settings = load(tmp_path, '[stages.prod]\nendpoint = "{model}-eu"\ninstances = 3\n')
    prod = settings.stages["prod"]
    assert (prod.endpoint_of("churn"), prod.instances) == ("churn-eu", 3)
    assert settings.stage_of("churn-eu", "churn") == "prod"
    assert settings.stage_of("churn-eu", "fraud") is None


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('endpoint = "Churn EU"', "'Churn EU' cannot be the name of an endpoint"),
        ('endpoint = "{version}"', "cannot be the name of an endpoint"),
        ("instances = 0", "greater than or equal to 1"),
        ("instances = 33", "less than or equal to 32"),
    ],
)
def test_an_endpoint_or_instances_that_cannot_be_are_refused(tmp_path, line, what):
    with pytest.raises(BadSettings, match=r"labline.toml:2: ") as refused:
        load(tmp_path, f"[stages.prod]\n{line}\n")
    assert what in str(refused.value)


def test_two_stages_cannot_deploy_to_one_endpoint(tmp_path):
    text = '[stages.a]\nendpoint = "churn"\n[stages.b]\nendpoint = "churn"\n'
    with pytest.raises(BadSettings, match=r"labline.toml:4: stages 'a' and 'b' both deploy"):
        load(tmp_path, text)


def test_the_data_gate_takes_shares_and_names_what_is_none(tmp_path: Path) -> None:
    stages = load(tmp_path, '[stages.prod]\ndata = { drift = 0.1, ignore = ["day"] }\n').stages
    assert (stages["prod"].data.drift, stages["prod"].data.ignore) == (0.1, ("day",))
    with pytest.raises(BadSettings, match=r"labline.toml:2: stages.prod.data.nulls"):
        load(tmp_path, "[stages.prod]\ndata = { nulls = 5 }\n")
    with pytest.raises(BadSettings, match="Did you mean 'leakage'"):
        load(tmp_path, "[stages.prod]\ndata = { leekage = 0.1 }\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('on = ["job.faild"]', "labline.toml:2: notify.on"),
        ('webhook = "ftp://x"', 'it must be "https://..." or "env:NAME"'),
        ('secret = "hunter2"', 'it must be "env:NAME", never the secret itself'),
        ('email = ["team"]', "'team' is no e-mail address"),
        ('email = ["a@b.org"]', "email needs a server: smtp = { host ="),
        ('smtp = { pasword = "env:X" }', "unknown key 'pasword'. Did you mean 'password'?"),
    ],
)
def test_notices_that_could_not_be_delivered_are_refused(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(BadSettings) as caught:
        load(tmp_path, f"[notify]\n{text}\n")
    assert words in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_rule_on_disagreement_needs_a_shadow(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match='set shadow = "10m" too'):
        load(tmp_path, "[stages.prod.rollout]\nabort = { disagreement = 0.01 }\n")
    rules = '[stages.prod.rollout]\nshadow = "10m"\nabort = { disagreement = 0.01 }\n'
    assert load(tmp_path, rules).stages["prod"].rollout.shadow == 600  # type: ignore[union-attr]


def test_a_soak_is_a_time_in_the_stage_before(tmp_path: Path) -> None:
    text = '[stages.staging]\n[stages.prod]\nafter = "staging"\nsoak = "24h"\n'
    assert load(tmp_path, text).stages["prod"].soak == 86400
    with pytest.raises(BadSettings, match=r"labline.toml:1: .*soak needs the stage"):
        load(tmp_path, '[stages.prod]\nsoak = "24h"\n')


def test_latency_has_limits_of_cold_start_and_memory(tmp_path: Path) -> None:
    text = '[stages.prod]\nlatency = { cold_start = "10s", memory = "512MiB" }\n'
    rule = load(tmp_path, text).stages["prod"].latency
    assert rule is not None
    assert (rule.cold_start, rule.memory) == (10.0, 512 * 2**20)


def test_dependencies_take_lists_of_licences_and_a_file(tmp_path: Path) -> None:
    text = '[stages.prod]\ndependencies = { denied = ["GPL-*"], vulnerabilities = "osv.zip" }\n'
    rule = load(tmp_path, text).stages["prod"].dependencies
    assert (rule.denied, rule.vulnerabilities, rule.allowed) == (("GPL-*",), "osv.zip", ())
    with pytest.raises(BadSettings, match=r"labline.toml:2: unknown key 'deny'. .*'denied'"):
        load(tmp_path, '[stages.prod]\ndependencies = { deny = ["GPL-*"] }\n')


def test_fairness_needs_columns_and_a_limit(tmp_path: Path) -> None:
    text = '[stages.prod]\nfairness = { by = ["sex"], ratio = 0.8 }\n'
    assert load(tmp_path, text).stages["prod"].fairness.by == ("sex",)  # type: ignore[union-attr]
    for wrong, words in (
        ('by = ["sex"]', "a limit is missing"),
        ("by = [], ratio = 0.8", "fairness.by"),
        ('by = ["sex"], ratio = 0.8, metric = "acuracy"', "fairness.metric"),
    ):
        with pytest.raises(BadSettings, match=rf"labline.toml:2: .*{words}"):
            load(tmp_path, f"[stages.prod]\nfairness = {{ {wrong} }}\n")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[gateway]\nmetrics_port = 8490", "port and metrics_port are both 8490"),
        ("[gateway]\nmetrics_port = 0", "greater than or equal to 1"),
        ("[gateway]\nrate = { requests = 0 }", "greater than or equal to 1"),
        ("[gateway]\nrate = { requests = 5, per = '1ms' }", "greater than or equal to 0.05"),
        ("[gateway]\nrates = { churn = { request = 5 } }", "Did you mean 'requests'"),
        ("[gateway]\ntls = { certificate = 'c.pem' }", "gateway.tls.key: Field required"),
        ("[gateway]\naccess_log = { size = '1KiB' }", "greater than or equal to 65536"),
        ("[gateway]\naccess_log = { kept = 0 }", "greater than or equal to 1"),
        ("[gateway]\ntimeout = '0s'", "greater than or equal to 0.1"),
        ("[gateway]\nconnections = 0", "greater than or equal to 1"),
        ("[gateway]\nconcurrency = 0", "greater than or equal to 1"),
        ("[gateway]\nheaders = '1KiB'", "greater than or equal to 2048"),
        ("[gateway]\nacces_log = { kept = 1 }", "Did you mean 'access_log'"),
    ],
)
def test_what_the_gateway_cannot_do_is_refused_by_line(tmp_path, text, what):
    with pytest.raises(BadSettings, match=r"labline.toml:[12]: ") as refused:
        load(tmp_path, text + "\n")
    assert what in str(refused.value)


def test_nothing_of_what_an_endpoint_is_asked_is_kept_unless_somebody_says_so(
    tmp_path: Path,
) -> None:
    assert load(tmp_path, "").monitor.capture == 0
    assert load(tmp_path, "[monitor]\ncapture = true\n").monitor.capture == 1
    assert load(tmp_path, "[monitor]\ncapture = 0.1\n").monitor.capture == 0.1
    with pytest.raises(BadSettings, match=r"labline.toml:2: monitor.capture"):
        load(tmp_path, "[monitor]\ncapture = 10\n")


def test_drift_may_be_looked_for_in_some_columns_only(tmp_path: Path) -> None:
    assert load(tmp_path, "").monitor.drift.features == "all"
    text = '[monitor]\nwindow = "7d"\ndrift = { test = "ks", features = ["age", "city"] }\n'
    settings = load(tmp_path, text)
    assert settings.monitor.window == 7 * 86400
    assert settings.monitor.drift.features == ("age", "city")
    with pytest.raises(BadSettings, match="unknown key 'treshold'"):
        load(tmp_path, "[monitor.drift]\ntreshold = 0.1\n")


def test_endpoints_are_looked_at_by_the_clock_only_where_the_policy_says_so(
    tmp_path: Path,
) -> None:
    assert load(tmp_path, "").monitor.every is None
    assert load(tmp_path, '[monitor]\nevery = "1h"\n').monitor.every == 3600
    with pytest.raises(BadSettings, match=r"labline.toml:2: monitor.every"):
        load(tmp_path, '[monitor]\nevery = "1s"\n')


def test_a_model_is_trained_again_by_hand_only_unless_the_policy_says_when(
    tmp_path: Path,
) -> None:
    assert load(tmp_path, "").retrain.when == ()
    text = '[retrain]\nnotebook = "t.ipynb"\nwhen = ["drift"]\ncooldown = "7d"\nto = "lab"\n'
    rule = load(tmp_path, text).retrain
    assert (rule.notebook, rule.when, rule.cooldown) == ("t.ipynb", ("drift",), 7 * 86400)
    with pytest.raises(BadSettings, match=r"labline.toml:2: retrain.when"):
        load(tmp_path, '[retrain]\nwhen = ["drft"]\n')


def test_how_far_a_metric_may_drop_is_a_share_of_the_runs_own(tmp_path: Path) -> None:
    text = '[monitor.metrics]\ndrop = 0.05\nlabels = 100\nnames = ["r2"]\n'
    rule = load(tmp_path, text).monitor.metrics
    assert (rule.drop, rule.labels, rule.names) == (0.05, 100, ("r2",))
    with pytest.raises(BadSettings, match="unknown key 'dorp'"):
        load(tmp_path, "[monitor.metrics]\ndorp = 0.1\n")


def test_what_runs_for_long_goes_by_the_policy_of_now(tmp_path: Path) -> None:
    gates = '[stages.prod]\ngates = ["signature"{more}]\n[jobs]\nconcurrency = {jobs}\n'
    begun = load(tmp_path, gates.format(more="", jobs=3))
    assert begun.by_policy_of_now() is begun
    (tmp_path / "labline.toml").write_text(gates.format(more=', "replay"', jobs=4))
    now = begun.by_policy_of_now()
    assert now.stage("prod").gates == ("signature", "replay")
    assert (now.jobs.concurrency, begun.stage("prod").gates) == (3, ("signature",))
    (tmp_path / "labline.toml").write_text("[stages.prod]\ngats = []\n")
    with pytest.raises(BadSettings, match="unknown key 'gats'"):
        begun.by_policy_of_now()
    made = Settings(root=tmp_path)
    assert made.by_policy_of_now() is made
