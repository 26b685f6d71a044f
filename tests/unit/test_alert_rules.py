"""Alert rules and panels of the dashboard are whole, and ask for metrics (and labels) that our processes expose."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

import gpu_consumers.fitness
import infra.telemetry.metrics  # noqa: F401 - what it declares is looked at
import query_api.distances
import query_api.gateway.metrics
import query_api.http.measures  # noqa: F401 - as above
from gpu_consumers.doors import _Doors  # noqa: F401 - as above

FILE = Path(__file__).parents[2] / "infra/deploy/alerts.yaml"
GROUPS: list[dict[str, Any]] = yaml.safe_load(FILE.read_text())["groups"]
RULES: list[dict[str, Any]] = [rule for group in GROUPS for rule in group["rules"]]
DASHBOARD: dict[str, Any] = json.loads(FILE.with_name("helm").joinpath("swipestream/files/dashboard.json").read_text())
#: What Prometheus itself puts on every sample.
OWN = {"instance", "job"}


def exposed() -> dict[str, set[str]]:
    """Names as they are scraped, with their labels."""
    found: dict[str, set[str]] = {}
    for metric in {id(one): one for one in REGISTRY._names_to_collectors.values()}.values():
        for name in REGISTRY._get_names(metric):
            if getattr(metric, "_type", "") != "counter" or name.endswith("_total"):
                found[name] = set(getattr(metric, "_labelnames", ()))
    return found


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_asks_for_what_is_exposed_and_says_what_to_do(rule: dict[str, Any]) -> None:
    known = exposed()
    asked = set(re.findall(r"\bswipestream_\w+", rule["expr"]))
    assert asked and asked <= set(known)
    labels = set().union(*(known[name] for name in asked)) | OWN
    for group in re.findall(r"\bby \(([^)]*)\)", rule["expr"]):
        assert {label.strip() for label in group.split(",")} <= labels
    # a sum by some labels has only those
    kept = set(re.findall(r"\w+", " ".join(re.findall(r"\bby \(([^)]*)\)", rule["expr"])))) or labels
    summary = rule["annotations"]["summary"]
    assert set(re.findall(r"\$labels\.(\w+)", summary)) <= kept
    assert rule["annotations"]["runbook"] and rule["labels"]["severity"] in ("warning", "critical")
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"\d+[smh]", rule.get("for", "1m")) and rule["expr"].count("(") == rule["expr"].count(")")


def test_names_are_used_once_and_groups_hold_nothing_else() -> None:
    names = [rule["alert"] for rule in RULES]
    assert len(set(names)) == len(names) >= 8
    assert all(set(group) == {"name", "rules"} for group in GROUPS)


def test_whether_a_worker_takes_scenes_is_a_metric() -> None:
    from infra.settings import Settings

    fitness = gpu_consumers.fitness.Fitness(Settings(), warm=lambda _: None)
    assert fitness.tried() and REGISTRY.get_sample_value("swipestream_worker_ready") == 1
    fitness.lost("it computes wrongly")
    assert REGISTRY.get_sample_value("swipestream_worker_ready") == 0


@pytest.mark.parametrize("panel", DASHBOARD["panels"], ids=lambda panel: panel["title"])
def test_a_panel_shows_what_is_exposed(panel: dict[str, Any]) -> None:
    known = exposed()
    for target in panel["targets"]:
        asked = set(re.findall(r"\bswipestream_\w+", target["expr"]))
        assert len(asked) == 1 and asked <= set(known)
        labels = known[asked.pop()] | OWN | {"le"}
        kept = {one.strip() for group in re.findall(r"\bby \(([^)]*)\)", target["expr"]) for one in group.split(",")}
        assert kept <= labels and set(re.findall(r"(\w+)=~", target["expr"])) <= labels
        assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= kept


def test_panels_lie_side_by_side() -> None:
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in DASHBOARD["panels"]]
    assert len(set(places)) == len(places) == len({panel["id"] for panel in DASHBOARD["panels"]})
