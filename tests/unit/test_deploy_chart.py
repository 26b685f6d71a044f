"""The Helm chart, rendered by the real helm: valid for Kubernetes, and in step with the code (`make test-deploy`)."""

from __future__ import annotations

import json
import shutil
import subprocess
import warnings
from pathlib import Path
from typing import Any

import pytest
import yaml

from gpu_consumers.worker import STATIONS
from infra.ending import DRAIN_S
from infra.settings import PREFIX, Settings
from infra.supervisor import plan
from query_api.gateway.door import PATHS

CHART = Path(__file__).parents[2] / "infra/deploy/helm/swipestream"
HELM = shutil.which("helm")
pytestmark = pytest.mark.skipif(HELM is None, reason="no helm here: make test-deploy builds one")

STORES = {"kafka": {"addresses": "a-kafka:9092,b-kafka:9092"}, "cassandra": {"addresses": "node:9042"}}
GPU = {
    "image": {"tag": "0.1.0-gpu"},
    "stages": ["scene"],
    "device": "cuda:0",
    "warmModels": ["wan-small"],
    "accelerators": ["inductor", "eager"],
    "settings": {"SWIPESTREAM_SCENES_AT_ONCE": "4"},
    "resources": {"limits": {"memory": "64Gi", "nvidia.com/gpu": 1}},
    "nodeSelector": {"gpu": "h200"},
    "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
    "runtimeClassName": "nvidia",
    "weights": {"persistentVolumeClaim": {"claimName": "weights", "readOnly": True}},
    "hosted": {"persistentVolumeClaim": {"claimName": "hosted"}},
    "scaling": {"min": 1, "max": 32},
}
EVERYTHING = STORES | {
    "kafka": STORES["kafka"] | {"kedaAuthentication": "kafka"},
    "existingSecret": "swipestream",
    "scenePartitions": 32,
    "settings": {"SWIPESTREAM_AHEAD": "7"},
    "tracing": {"endpoint": "http://collector.monitoring:4318"},
    "imagePullSecrets": [{"name": "registry"}],
    "media": {"storageClass": "shared"},
    "api": {
        "autoscaling": {"enabled": True},
        "proxies": "10.0.0.0/8",
        "service": {"annotations": {"a": "b"}},
        "ingress": {"enabled": True, "className": "nginx", "host": "videos.example.org", "tlsSecret": "tls"},
    },
    "workers": {"cpu": {"stages": ["script", "assembly"], "scaling": {"min": 1, "max": 8, "lag": 2}}, "gpu": GPU},
    "networkPolicy": {"api": [{"podSelector": {}}], "monitoring": [{"namespaceSelector": {}}]},
    "monitoring": {"podMonitor": True, "rules": True, "dashboard": True, "labels": {"release": "prometheus"}},
}
#: Workers that may buy scenes, with their media in a bucket.
BUYS = STORES | {
    "existingSecret": "swipestream",
    "media": {"s3": {"bucket": "videos"}},
    "settings": {"SWIPESTREAM_MODEL_DIRS": '["/models"]'},
}
PLAIN = STORES | {
    "media": {"existingClaim": "media"},
    "api": {"service": {"type": "LoadBalancer"}, "ingress": {"enabled": True, "host": "videos.lan"}},
    "workers": {"cpu": None, "gpu": {"stages": ["script", "scene", "assembly"], "resources": {}, "replicas": 3}},
    "networkPolicy": {"enabled": False},
}
BUCKET = STORES | {
    "existingSecret": "swipestream",
    "media": {
        "s3": {"bucket": "videos", "prefix": "swipestream/", "endpoint": "https://s3.lan", "region": "eu-central-1"}
    },
}
CASES = pytest.mark.parametrize(
    "values", [STORES, EVERYTHING, PLAIN, BUCKET], ids=["least", "everything", "plain", "bucket"]
)
EVERYWHERE = "0.0.0.0"  # noqa: S104
#: What is defined by operators, and in no schema of Kubernetes.
FOREIGN = {"ScaledObject", "PodMonitor", "PrometheusRule"}


def helm(values: dict[str, Any], folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run helm with these values, without a cluster."""
    file = folder / "values.json"
    file.write_text(json.dumps(values))
    command = [str(HELM), *words, str(CHART), "--values", str(file), "--kube-version", "1.34.0"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def rendered(values: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """Every manifest."""
    done = helm(values, folder, "template", "swipestream")
    assert done.returncode == 0, done.stderr
    return [manifest for manifest in yaml.safe_load_all(done.stdout) if manifest]


def workloads(manifests: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What has pods, by name."""
    return {one["metadata"]["name"]: one for one in manifests if "template" in one.get("spec", {})}


def pods(manifests: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The specifications of pods, by the name of what has them."""
    return {name: one["spec"]["template"]["spec"] for name, one in workloads(manifests).items()}


def containers(manifests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every container of every pod."""
    return [one for pod in pods(manifests).values() for one in (*pod.get("initContainers", ()), *pod["containers"])]


def environment(container: dict[str, Any]) -> dict[str, str]:
    """What a container is told; a name that is only known in the cluster as such."""
    return {one["name"]: one.get("value", "name-0") for one in container["env"]}


@CASES
def test_helm_finds_nothing_to_complain_of(values: dict[str, Any], tmp_path: Path) -> None:
    done = helm(values, tmp_path, "lint", "--strict")

    assert done.returncode == 0, done.stdout + done.stderr


@CASES
@pytest.mark.parametrize("version", ["1.29", "1.37"])
def test_kubernetes_would_take_every_manifest(values: dict[str, Any], tmp_path: Path, version: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        validate = pytest.importorskip("kubernetes_validate").validate

    manifests = rendered(values, tmp_path)

    assert len({(one["kind"], one["metadata"]["name"]) for one in manifests}) == len(manifests) >= 8
    for manifest in manifests:
        if manifest["kind"] not in FOREIGN:
            validate(manifest, version, strict=True)


@CASES
def test_the_containers_are_the_parts_of_the_supervisor(values: dict[str, Any], tmp_path: Path) -> None:
    endpoint = values.get("tracing", {}).get("endpoint", "")
    config = Settings(_env_file=None, data_dir=tmp_path, workers=1, otlp_endpoint=endpoint)  # type: ignore[call-arg]
    planned = {part.command[1:] for part in plan.app_parts(config, starter=False)}

    found = [tuple(one["command"]) for one in containers(rendered(values, tmp_path))]

    assert {one[1:] for one in found if "gpu_consumers" not in one} == {
        one for one in planned if "gpu_consumers" not in one
    }
    stages = {stage for one in found if "gpu_consumers" in one for stage in one[4].split(",")}
    assert stages == {station.stage.value for station in STATIONS}


@CASES
def test_every_setting_is_one_and_has_a_value_that_is_taken(
    values: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = {"SWIPESTREAM_SECRETS_DIR", "SWIPESTREAM_WORKER_NAME", "SWIPESTREAM_PROCESSORS_NAME"}
    for container in containers(rendered(values, tmp_path)):
        told = environment(container)
        assert len(told) == len(container["env"])
        assert {name.removeprefix(PREFIX).lower() for name in told.keys() - beside} <= set(Settings.model_fields)
        with monkeypatch.context() as scope:
            for name, value in told.items():
                scope.setenv(name, value)
            config = Settings(_env_file=None)  # type: ignore[call-arg]
        assert config.kafka == STORES["kafka"]["addresses"]
        served = {"api": config.api_port, "worker": config.worker_port}.get(container["name"])
        assert served is None or (config.host, container["ports"][0]["containerPort"]) == (EVERYWHERE, served)


@CASES
def test_a_pod_may_do_no_more_than_it_must(values: dict[str, Any], tmp_path: Path) -> None:
    manifests = rendered(values, tmp_path)
    for pod in pods(manifests).values():
        assert pod["automountServiceAccountToken"] is False
        # a service named swipestream-api would set SWIPESTREAM_API_PORT
        assert pod["enableServiceLinks"] is False
        assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] == 10001
        assert pod["terminationGracePeriodSeconds"] > DRAIN_S + 5
    for container in containers(manifests):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
        }  # fmt: skip


@CASES
def test_media_are_shared_by_those_that_need_them_and_scratch_by_nobody(values: dict[str, Any], tmp_path: Path) -> None:
    for name, pod in pods(rendered(values, tmp_path)).items():
        volumes = {one["name"]: one for one in pod["volumes"]}
        places = {one["mountPath"]: volumes[one["name"]] for one in pod["containers"][0]["volumeMounts"]}
        needed = "api" in name or "worker" in name
        assert ("persistentVolumeClaim" in places["/data"]) == (needed and values is not BUCKET)
        assert "emptyDir" in places["/tmp"] and (not needed or "emptyDir" in places["/data/scratch"])


def test_with_a_bucket_nothing_is_shared_and_everyone_knows_it(tmp_path: Path) -> None:
    manifests = rendered(BUCKET, tmp_path)

    assert "PersistentVolumeClaim" not in {one["kind"] for one in manifests}
    for container in containers(manifests):
        told = environment(container)
        assert told["SWIPESTREAM_MEDIA"] == "s3://videos/swipestream"
        assert told["SWIPESTREAM_MEDIA_ENDPOINT"] == "https://s3.lan" and told["SWIPESTREAM_MEDIA_CACHE_GIB"] == "10"
        assert not any("KEY" in name.removeprefix("SWIPESTREAM_KEYSPACE") for name in told)


def test_the_order_book_of_a_pool_is_the_volume_that_it_names(tmp_path: Path) -> None:
    pod = pods(rendered(EVERYTHING, tmp_path))["swipestream-worker-gpu"]

    mounted = {one["mountPath"]: one["name"] for one in pod["containers"][0]["volumeMounts"]}
    (volume,) = (one for one in pod["volumes"] if one["name"] == mounted["/data/hosted"])

    assert volume["persistentVolumeClaim"] == {"claimName": "hosted"}


@CASES
def test_each_selector_finds_its_own_pods_alone(values: dict[str, Any], tmp_path: Path) -> None:
    manifests = rendered(values, tmp_path)
    labels = {name: one["spec"]["template"]["metadata"]["labels"] for name, one in workloads(manifests).items()}
    for manifest in manifests:
        wanted = manifest["spec"].get("selector") if "spec" in manifest else None
        if wanted and manifest["kind"] != "PodMonitor":
            wanted = wanted.get("matchLabels", wanted)
            assert [name for name, own in labels.items() if wanted.items() <= own.items()] == [
                manifest["metadata"]["name"]
            ]


@CASES
def test_probes_ask_what_is_there(values: dict[str, Any], tmp_path: Path) -> None:
    for container in containers(rendered(values, tmp_path)):
        ports = {port["name"] for port in container.get("ports", ())}
        probes = [container[kind]["httpGet"] for kind in container if kind.endswith("Probe")]
        assert len(probes) == (3 if ports else 0)
        assert all(probe["port"] in ports and probe["path"] in ("/healthz", "/readyz") for probe in probes)


def test_workers_scale_on_all_that_waits_for_their_stages(tmp_path: Path) -> None:
    manifests = rendered(EVERYTHING, tmp_path)
    scaled = {one["spec"]["scaleTargetRef"]["name"]: one["spec"] for one in manifests if one["kind"] == "ScaledObject"}

    assert set(scaled) == {"swipestream-worker-cpu", "swipestream-worker-gpu"}
    for name, spec in scaled.items():
        stages = pods(manifests)[name]["containers"][0]["command"][4].split(",")
        waits = {(one["metadata"]["consumerGroup"], one["metadata"]["topic"]) for one in spec["triggers"]}
        assert waits == {(one.group, topic) for one in STATIONS if one.stage.value in stages for topic in one.topics}
        formula = spec["advanced"]["scalingModifiers"]["formula"]
        assert formula.split(" + ") == [one["name"] for one in spec["triggers"]]
        assert all(one["authenticationRef"] == {"name": "kafka"} for one in spec["triggers"])
        # what scales has no number of its own
        assert "replicas" not in workloads(manifests)[name]["spec"]


def test_one_name_serves_the_api_and_the_gateway(tmp_path: Path) -> None:
    manifests = rendered(EVERYTHING, tmp_path)
    (ingress,) = (one for one in manifests if one["kind"] == "Ingress")
    (api,) = (one for one in containers(manifests) if one["name"] == "api")

    paths = {
        one["path"]: one["backend"]["service"]["port"]["name"] for one in ingress["spec"]["rules"][0]["http"]["paths"]
    }

    assert paths == {"/v1/socket": "gateway", "/": "http"} and "/v1/socket" in PATHS
    assert environment(api)["SWIPESTREAM_PUBLIC_GATEWAY"] == "wss://videos.example.org/v1/socket"


def test_rules_and_dashboard_are_those_of_the_repository(tmp_path: Path) -> None:
    manifests = rendered(EVERYTHING, tmp_path)
    (rules,) = (one for one in manifests if one["kind"] == "PrometheusRule")
    (board,) = (one for one in manifests if one["kind"] == "ConfigMap")

    assert rules["spec"] == yaml.safe_load((CHART.parents[1] / "alerts.yaml").read_text())
    assert json.loads(board["data"]["swipestream.json"]) == json.loads((CHART / "files/dashboard.json").read_text())


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"kafka": {}}, "kafka.addresses must be given"),
        ({"kafka": {"addresses": "broker"}}, "does not match pattern"),
        ({"workers": {"cpu": {"replica": 3}}}, "additional properties 'replica' not allowed"),
        ({"workers": {"cpu": {"replicas": 9}}}, "9 workers would draw scenes, but a lane has 8 partitions"),
        ({"workers": {"cpu": {"scaling": {"min": 0, "max": 4}}}}, "minimum: got 0, want 1"),
        ({"settings": {"AHEAD": "5"}}, "AHEAD"),
        ({"media": {"s3": {"bucket": "videos"}}}, "media.s3 needs existingSecret"),
        (BUYS, "workers.cpu: with media.s3 and SWIPESTREAM_MODEL_DIRS give `hosted` a volume"),
        ({"processors": {"replicas": 5}}, "maximum: got 5, want 4"),
        ({"monitoring": {"podMonitor": True}}, "name Prometheus in networkPolicy.monitoring"),
        ({"api": {"ingress": {"enabled": True}}}, "api.ingress.host must be given"),
    ],
)
def test_what_cannot_work_is_refused(more: dict[str, Any], told: str, tmp_path: Path) -> None:
    done = helm(STORES | more, tmp_path, "template", "swipestream")

    assert done.returncode and told in done.stderr


@pytest.mark.parametrize("volume", [{"persistentVolumeClaim": {"claimName": "hosted"}}, {"emptyDir": {}}])
def test_workers_that_may_buy_say_where_the_order_book_is(volume: dict[str, Any], tmp_path: Path) -> None:
    done = helm(BUYS | {"workers": {"cpu": {"hosted": volume}}}, tmp_path, "template", "swipestream")
    assert done.returncode == 0, done.stderr
    assert "mountPath: /data/hosted" in done.stdout
