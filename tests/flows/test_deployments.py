"""`prefect.yaml` says what is meant: every flow deployed, in UTC, in its own pool, with one run at a time."""

import importlib
from datetime import UTC, datetime

import pytest
from prefect import Flow
from prefect.cli.deploy._models import PrefectYamlModel
from prefect.flows import load_flow_from_entrypoint

from core.errors import ConfigError
from tasks.project import FILE, declared_deployments, declared_pools, project_root

ROOT = project_root()
DEPLOYED = {deployment["name"]: deployment for deployment in declared_deployments(ROOT)}
RANGE = {"start": datetime(2024, 1, 1, tzinfo=UTC), "end": datetime(2024, 1, 2, tzinfo=UTC)}
ASKED_FOR = {"backfill": RANGE, "rehearse": RANGE}
"""Parameters without a default: whoever runs the deployment fills them in."""

each = pytest.mark.parametrize("name", sorted(DEPLOYED))


def flow_of(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    return load_flow_from_entrypoint(DEPLOYED[name]["entrypoint"])


def flows_in(file):
    module = importlib.import_module(f"flows.{file.stem}")
    return [one for one in vars(module).values() if isinstance(one, Flow)]


def test_all_flows_are_deployed_under_their_own_names():
    flows = {one.name for file in (ROOT / "flows").glob("*.py") for one in flows_in(file)}
    assert set(DEPLOYED) == flows


@each
def test_every_entrypoint_is_the_flow_of_that_name(name, monkeypatch):
    assert flow_of(name, monkeypatch).name == name


@each
def test_parameters_fit_the_flow(name, monkeypatch):
    given = DEPLOYED[name].get("parameters", {}) | ASKED_FOR.get(name, {})
    assert flow_of(name, monkeypatch).validate_parameters(given).keys() >= given.keys()


@each
def test_only_what_is_listed_must_be_asked_for(name, monkeypatch):
    required = set(flow_of(name, monkeypatch).parameters.required)
    assert required == set(ASKED_FOR.get(name, {}))


def test_a_moment_typed_without_a_zone_is_utc(monkeypatch):
    flows = {name: flow_of(name, monkeypatch) for name in DEPLOYED}
    asked = {
        name: [key for key, shown in flow.parameters.properties.items() if "date-time" in str(shown)]
        for name, flow in flows.items()
    }
    assert {"backfill", "optimize", "rehearse", "null-test", "trade", "report", "reconcile", "watch", "emergency-stop"} == {
        name for name, moments in asked.items() if moments
    }
    for name, moments in asked.items():
        filled = flows[name].validate_parameters(ASKED_FOR.get(name, {}) | dict.fromkeys(moments, "2024-06-01T12:00"))
        assert all(filled[key] == datetime(2024, 6, 1, 12, tzinfo=UTC) for key in moments)


@each
def test_every_deployment_says_what_it_does_and_carries_a_tag(name):
    assert DEPLOYED[name]["description"].endswith(".")
    assert DEPLOYED[name]["tags"]


@each
def test_every_schedule_names_utc_and_itself(name):
    for schedule in DEPLOYED[name]["schedules"]:
        assert schedule["timezone"] == "UTC"
        assert schedule["slug"], "without one, a schedule paused by hand would run again after the next deploy"


def test_schedules_are_the_ones_intended():
    crons = {name: [schedule["cron"] for schedule in one["schedules"]] for name, one in DEPLOYED.items()}
    assert crons == {
        "ingest": ["*/5 * * * *"],
        "backfill": [],
        "optimize": ["30 1 * * *"],
        "trade": ["* * * * *"],
        "report": ["15 0 * * *"],
        "promote": [],
        "demote": [],
        "rollback": [],
        "watch": ["30 0 * * *"],
        "emergency-stop": [],
        "resume": [],
        "reconcile": [],
        "rehearse": [],
        "null-test": [],
    }


def test_only_trading_and_its_end_are_in_the_live_pool():
    assert declared_pools(ROOT) == ("batch", "live")
    assert [n for n, one in DEPLOYED.items() if one["work_pool"]["name"] == "live"] == ["trade", "emergency-stop", "resume"]


def test_what_is_missed_by_a_day_is_made_up_for_once():
    assert {name for name, one in DEPLOYED.items() if "catch-up" in one["tags"]} == {"optimize", "report", "watch"}


@each
def test_every_run_starts_the_engine_itself(name):
    assert DEPLOYED[name]["work_pool"]["job_variables"]["command"] == "python -m prefect.engine"


@each
def test_one_run_at_a_time(name):
    assert DEPLOYED[name]["concurrency_limit"]["limit"] == 1


@each
def test_what_has_a_schedule_is_never_queued_and_a_request_never_dropped(name):
    given = DEPLOYED[name]["concurrency_limit"]["collision_strategy"]
    assert given == ("CANCEL_NEW" if DEPLOYED[name]["schedules"] else "ENQUEUE")


@each
def test_every_flow_ends_by_itself_one_day(name, monkeypatch):
    assert flow_of(name, monkeypatch).timeout_seconds


@each
def test_every_parameter_has_a_help_text_and_a_kind(name, monkeypatch):
    for parameter in flow_of(name, monkeypatch).parameters.properties.values():
        assert parameter["description"].strip(), parameter
        assert {"type", "anyOf", "allOf", "$ref", "enum"} & parameter.keys(), parameter


def test_prefect_reads_the_whole_file():
    import yaml

    read = PrefectYamlModel.model_validate(yaml.safe_load((ROOT / FILE).read_text()))
    assert [one.name for one in read.deployments] == list(DEPLOYED)


def test_no_path_of_any_machine_is_written_down():
    assert str(ROOT) not in (ROOT / FILE).read_text()


def test_a_file_without_deployments_is_refused_in_one_line(tmp_path):
    (tmp_path / FILE).write_text("name: something else\n")
    with pytest.raises(ConfigError, match="no deployments in it"):
        declared_deployments(tmp_path)
