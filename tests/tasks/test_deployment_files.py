"""What cannot be started here is held against the tools that know it: hadolint, the Kubernetes schemas, kustomize, systemd."""

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import yaml

from core.market.synthetic import synthetic_market
from storage.store import Store
from tasks.project import declared_pools
from tasks.settings import Settings
from tests.flows.recorded import DAYS, START, bar_frame

ROOT = Path(__file__).parents[2]
PLACES = ROOT / "deployments"
DOCKERFILE, COMPOSE = PLACES / "docker" / "Dockerfile", PLACES / "compose.yaml"
KUBERNETES, SYSTEMD = PLACES / "kubernetes", PLACES / "systemd"
MANIFESTS = sorted(path for path in KUBERNETES.rglob("*.yaml") if path.name != "kustomization.yaml")
RESTRICTED = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


def tool(name):
    """Return where a tool is, beside this Python or on the path; skip when it is nowhere."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed here")
    return found


def said(*command, env=None):
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | (env or {}))
    return done.returncode, done.stdout + done.stderr


def documents(path):
    return [each for each in yaml.safe_load_all(path.read_text()) if each]


def pods():
    """Every pod the manifests ask for."""
    for path in MANIFESTS:
        for each in documents(path):
            if "template" in each.get("spec", {}):
                yield pytest.param(each["spec"]["template"]["spec"], id=f"{path.stem}-{each['metadata']['name']}")


def compose():
    return yaml.safe_load(COMPOSE.read_text())


SERVICES = sorted(compose()["services"])


def test_hadolint_has_nothing_to_say_about_the_dockerfile():
    assert said(tool("hadolint"), str(DOCKERFILE)) == (0, "")


def test_the_image_holds_no_secret_runs_as_nobody_special_and_says_how_it_is():
    text = DOCKERFILE.read_text()
    final = text.rpartition("\nFROM ")[2]
    assert re.search(r"^USER \d+:\d+$", final, re.MULTILINE)
    assert final.index("USER ") < final.index("CMD [")
    assert re.search(r"^HEALTHCHECK .*", final, re.MULTILINE)
    assert "--require-hashes" in text
    assert not re.search(r"(ARG|ENV)[^\n]*(KEY|SECRET|PASSWORD|TOKEN)", text)
    assert "http" not in re.sub(r"#.*", "", text)  # no package index is written down


def test_the_build_sees_what_it_copies_and_nothing_else():
    """Every file that the image needs is let through; data, secrets and history are not."""
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line[1:] for line in ignored if line.startswith("!")}
    assert "*" in ignored
    assert all((ROOT / name).exists() for name in let_in)
    assert {"core", "storage", "tasks", "flows", "prefect.yaml", "pyproject.toml"} <= let_in
    assert {"deployments/automations.yaml", "requirements-cluster.lock"} <= let_in
    assert not let_in & {".env", "var", ".git", "tests"}


def test_the_lock_of_the_image_names_everything_the_cluster_needs_by_hash():
    locked = (ROOT / "requirements-cluster.lock").read_text()
    names = set(re.findall(r"^([a-z0-9-]+)==", locked, re.MULTILINE))
    assert {"distributed", "psycopg2-binary", "asyncpg", "prefect", "optuna", "hatchling"} <= names
    assert set(re.findall(r"^([a-z0-9-]+==\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)) <= set(
        re.findall(r"^([a-z0-9-]+==\S+)", locked, re.MULTILINE)
    )


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_says_how_it_is_and_waits_only_for_what_is_there(name):
    services = compose()["services"]
    service = services[name]
    assert service.keys() & {"image", "build"}
    assert "test" in service["healthcheck"] or service["healthcheck"] == {"disable": True}
    for other, wanted in service.get("depends_on", {}).items():
        if wanted["condition"] == "service_healthy":
            assert "test" in services[other]["healthcheck"]
        else:
            assert services[other]["restart"] == "on-failure"  # it ends, so that somebody can wait for its end
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:")


def test_the_compose_file_names_only_what_it_defines():
    whole = compose()
    for service in whole["services"].values():
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in whole["volumes"]
        assert set(service.get("networks", [])) <= set(whole["networks"])
        assert {each["source"] for each in service.get("configs", [])} <= set(whole["configs"])
    assert re.findall(r"\$\{(\w+)", COMPOSE.read_text()) == ["POSTGRES_PASSWORD"] * 3


def test_docker_understands_the_compose_file():
    docker = tool("docker")
    if said(docker, "compose", "version")[0]:
        pytest.skip("docker has no compose plugin here")
    command = (docker, "compose", "-f", str(COMPOSE), "config", "--quiet")
    assert said(*command, env={"POSTGRES_PASSWORD": "sesame"})[0] == 0


def test_every_pool_has_one_worker_and_every_secret_comes_from_outside():
    for commands in (
        [" ".join(service["command"]) for service in compose()["services"].values() if "command" in service],
        [" ".join(each.values[0]["containers"][0].get("command", [])) for each in pods() if "worker-jobs" not in each.id],
    ):
        for pool in declared_pools(ROOT):
            assert sum(f"worker start --pool {pool}" in command for command in commands) == 1
        assert sum("tradewind deploy" in command for command in commands) == 1
        assert sum("tradewind messenger" in command for command in commands) == 1
    keys = {f"TRADEWIND_{name.upper()}" for name in ("api_key", "api_secret", "discord_webhook")}
    for path in (COMPOSE, DOCKERFILE, *MANIFESTS):
        assert not [key for key in keys if key in path.read_text()]


def test_settings_that_these_files_make_are_settings_that_exist():
    known = {f"TRADEWIND_{name.upper()}" for name in Settings.model_fields} | {"TRADEWIND_ROOT"}
    for path in (COMPOSE, DOCKERFILE, KUBERNETES / "jobs" / "batch-pool.json", *MANIFESTS):
        assert set(re.findall(r"TRADEWIND_[A-Z_]+", path.read_text())) <= known


def test_the_manifests_fit_the_schemas_of_kubernetes():
    code, output = said(tool("kubernetes-validate"), "--strict", "--quiet", *map(str, MANIFESTS))
    assert code == 0, output


def test_kustomize_puts_the_manifests_together():
    code, output = said(tool("kubectl"), "kustomize", str(KUBERNETES))
    assert code == 0, output
    made = [each for each in yaml.safe_load_all(output) if each]
    assert {each["metadata"].get("namespace", "tradewind") for each in made} == {"tradewind"}
    assert len(made) == sum(len(documents(path)) for path in MANIFESTS if path.parent == KUBERNETES)


@pytest.mark.parametrize("pod", list(pods()))
def test_a_pod_asks_for_no_more_than_it_needs(pod):
    assert RESTRICTED.items() <= pod["securityContext"].items()
    (container,) = pod["containers"]
    assert container["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    assert "memory" in container["resources"]["limits"]
    volumes = {volume["name"] for volume in pod.get("volumes", [])} | {"data"}
    assert {mount["name"] for mount in container.get("volumeMounts", [])} <= volumes


def filled(value, variables):
    """Fill a base job template in as Prefect does: a value that is a placeholder becomes what the variable holds, or goes."""
    if isinstance(value, dict):
        every = {key: filled(each, variables) for key, each in value.items()}
        return {key: each for key, each in every.items() if each is not None}
    if isinstance(value, list):
        return [filled(each, variables) for each in value]
    found = re.fullmatch(r"\{\{ (\w+) \}\}", value) if isinstance(value, str) else None
    return variables.get(found[1]) if found else value


def test_the_job_of_the_work_pool_fits_the_schema_when_prefect_has_filled_it_in(tmp_path):
    template = json.loads((KUBERNETES / "jobs" / "batch-pool.json").read_text())
    properties = template["variables"]["properties"]
    placeholders = set(re.findall(r"\{\{ (\w+) \}\}", json.dumps(template["job_configuration"])))
    assert placeholders == set(properties)
    job = filled(template["job_configuration"], {name: each.get("default") for name, each in properties.items()})[
        "job_manifest"
    ]
    spec = job["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert spec.pop("parallelism") == spec.pop("completions") == 1  # Prefect's own template has them here, and moves them
    container["env"] = [{"name": name, "value": value} for name, value in container["env"].items()]
    container["args"] = container["args"].split()
    job["metadata"]["generateName"] = "run-"
    (tmp_path / "job.yaml").write_text(yaml.safe_dump(job))
    code, output = said(tool("kubernetes-validate"), "--strict", "--quiet", str(tmp_path / "job.yaml"))
    assert code == 0, output


@pytest.mark.parametrize("unit", sorted(path.name for path in SYSTEMD.glob("tradewind*")))
def test_systemd_understands_a_unit(unit, tmp_path):
    """In a copy where the commands exist: they do not on this machine."""
    for path in SYSTEMD.iterdir():
        text = path.read_text().replace("/opt/tradewind/.venv/bin/tradewind", "/bin/true")
        (tmp_path / path.name).write_text(re.sub(r"/opt/tradewind/\S+\.sh", "/bin/true", text))
    assert said(tool("systemd-analyze"), "verify", str(tmp_path / unit)) == (0, "")


def test_the_service_is_well_hardened():
    code, output = said(
        tool("systemd-analyze"), "security", "--offline=true", "--threshold=25", str(SYSTEMD / "tradewind.service")
    )
    assert code == 0, output


def test_a_backup_opens_as_a_store_and_old_ones_go(tmp_path):
    tool("flock")
    market = synthetic_market(np.random.default_rng(5), days=DAYS, symbols=2, start=START, edge=0.0)
    home, target = tmp_path / "home", tmp_path / "backups"
    store = Store(home)
    store.bars.merge(bar_frame(market.panel))
    old = target / "2020-01-01T000000Z"
    old.mkdir(parents=True)
    os.utime(old, (0, 0))
    code, output = said(str(SYSTEMD / "backup.sh"), str(home), str(target))
    assert (code, output) == (0, "")
    (kept,) = target.iterdir()
    assert kept.name.startswith(f"{datetime.now(UTC):%Y-%m-%d}")
    assert Store(kept).bars.panel("synthetic", "1h").data_hash == store.bars.panel("synthetic", "1h").data_hash
