"""What the chart makes is what Kubernetes takes, and what the service needs."""

import json
import re
from typing import Any

import jsonschema
import kubernetes_validate.utils
import pytest
from helm_python import HelmRenderError, HelmValuesError, lint

from app import __version__
from app.settings import Settings
from tests.deploy.charts import CHART, MANIFESTS, examples, manifests, objects

OLDEST = (1, 29)
VERSIONS = [one for one in kubernetes_validate.utils.all_versions() if tuple(map(int, one.split(".")[:2])) >= OLDEST]
COMBINATIONS = [{}, *examples(), {"networkPolicy": {"enabled": False}}]
CUSTOM = "monitoring.coreos.com/v1"
FIXED = {
    "HOST", "PORT", "ADMIN_PORT", "MODELS_DIR", "WORKERS", "DRAIN_SECONDS", "SHUTDOWN_SECONDS", "API_KEYS",
    "API_KEYS_FILE", "TLS_CERT", "TLS_KEY",
}  # fmt: skip
SCHEMAS = {
    json.loads(path.read_text())["properties"]["kind"]["const"]: json.loads(path.read_text())
    for path in (CHART.parent.parent / "tests" / "deploy" / "schemas").glob("*.json")
}


def one(kind: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    (only,) = (item for item in found if item["kind"] == kind)
    return only


def container(values: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = one("Deployment", objects(values))["spec"]["template"]["spec"]["containers"][0]
    return found


def environment(values: dict[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in container(values)["env"]}


def test_the_readme_names_many_combinations() -> None:
    assert len(COMBINATIONS) == 12


@pytest.mark.parametrize("values", COMBINATIONS, ids=lambda values: "-".join(values) or "defaults")
def test_lint_has_nothing_to_say(values: dict[str, Any]) -> None:
    found = lint(CHART, values, strict=True)
    assert found["errors"] == []
    assert [message["error"] for message in found["messages"]] == ["icon is recommended"]


@pytest.mark.parametrize("values", COMBINATIONS, ids=lambda values: "-".join(values) or "defaults")
def test_kubernetes_takes_every_combination(values: dict[str, Any]) -> None:
    found = objects(values)
    for item in found:
        if item["apiVersion"] == CUSTOM:
            jsonschema.validate(item, SCHEMAS[item["kind"]])
        else:
            for version in (VERSIONS[0], VERSIONS[-1]):
                kubernetes_validate.validate(item, version, strict=True)
    names = [(item["kind"], item["metadata"]["name"]) for item in found]
    assert len(set(names)) == len(names)
    labels = one("Deployment", found)["spec"]["template"]["metadata"]["labels"]
    for item in found:
        selector = item["spec"].get("selector") or item["spec"].get("podSelector") if "spec" in item else None
        wanted = selector.get("matchLabels", selector) if selector and item["kind"] != "ServiceMonitor" else {}
        assert wanted.items() <= labels.items(), item["kind"]


def test_the_oldest_version_is_the_one_that_is_promised() -> None:
    assert 'kubeVersion: ">=1.29.0-0"' in (CHART / "Chart.yaml").read_text()
    assert VERSIONS[0].startswith("1.29")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"replicas": 0}, "at '/replicas': minimum: got 0, want 1"),
        ({"replica": 3}, "additional properties 'replica' not allowed"),
        ({"settings": {"MAX_TEXT": 3}}, "invalid propertyName 'MAX_TEXT'"),
        ({"settings": {"PORT": 8001}}, "invalid propertyName 'PORT'"),
        ({"apiKeys": {"keys": ["two words"]}}, "at '/apiKeys/keys/0'"),
        ({"models": {"source": "git"}}, "at '/models/source': value must be one of 'image', 'oci', 'store'"),
        ({"models": {"source": "store"}}, "at '/models/store/from': minLength"),
        ({"models": {"source": "oci"}}, "at '/models/oci/image': minLength"),
        ({"ingress": {"enabled": True}}, "at '/ingress/host': minLength"),
        ({"autoscaling": {"cpu": 150}}, "at '/autoscaling/cpu': maximum"),
        ({"autoscaling": {"waitingSeconds": 0.0001}}, "at '/autoscaling/waitingSeconds'"),
        ({"podLabels": {"app.kubernetes.io/name": "mine"}}, "invalid propertyName 'app.kubernetes.io/name'"),
        ({"ingress": {"host": "a.*.example.com"}}, "at '/ingress/host'"),
        ({"resources": {"limits": {"memory": "much"}}}, "at '/resources/limits/memory'"),
        ({"ending": {"drainSeconds": -1}}, "at '/ending/drainSeconds': minimum"),
        ({"service": {"type": "Magic"}}, "at '/service/type': value must be one of"),
        ({"monitoring": {"interval": "often"}}, "at '/monitoring/interval'"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name(values: dict[str, Any], said: str) -> None:
    with pytest.raises(HelmValuesError) as refused:
        objects(values)
    assert said in str(refused.value)


def test_the_settings_are_those_of_the_service() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    taken = set(schema["properties"]["settings"]["propertyNames"]["enum"])
    settings = {name.upper() for name in Settings.model_fields}
    assert taken == settings - FIXED | {"FORWARDED_ALLOW_IPS"}
    used = set()
    for values in COMBINATIONS:
        used |= set(environment(values))
    assert used - settings <= {"FORWARDED_ALLOW_IPS", "OTEL_EXPORTER_OTLP_ENDPOINT"}


def test_settings_are_read_as_they_were_given() -> None:
    given = {"MAX_BODY_BYTES": 16777216, "MAX_CLIENT_SHARE": 0.25, "MAX_TEXTS": 1, "LOG_LEVEL": "error"}
    found = environment({"settings": given})
    assert {name: found[name] for name in given} == {
        "MAX_BODY_BYTES": "16777216", "MAX_CLIENT_SHARE": "0.25", "MAX_TEXTS": "1", "LOG_LEVEL": "error",
    }  # fmt: skip
    Settings.model_validate({name.lower(): value for name, value in found.items()})


@pytest.mark.parametrize("values", COMBINATIONS, ids=lambda values: "-".join(values) or "defaults")
def test_all_containers_are_restricted(values: dict[str, Any]) -> None:
    pod = one("Deployment", objects(values))["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for item in [*pod.get("initContainers", []), *pod["containers"]]:
        assert item["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert item["resources"]["requests"]
        assert item["resources"]["limits"]["memory"]


@pytest.mark.parametrize("values", COMBINATIONS, ids=lambda values: "-".join(values) or "defaults")
def test_a_pod_has_as_long_as_its_end_takes(values: dict[str, Any]) -> None:
    pod = one("Deployment", objects(values))["spec"]["template"]["spec"]
    (only,) = pod["containers"]
    variables = {entry["name"]: entry["value"] for entry in only["env"]}
    before = int(only["lifecycle"]["preStop"]["exec"]["command"][1])
    needed = before + int(variables["DRAIN_SECONDS"]) + int(variables["SHUTDOWN_SECONDS"])
    assert pod["terminationGracePeriodSeconds"] > needed
    probe = only["readinessProbe"]
    assert int(variables["DRAIN_SECONDS"]) > probe["periodSeconds"] * probe["failureThreshold"]


def test_probes_and_metrics_are_on_the_port_of_their_own() -> None:
    ports = {port["name"]: port["containerPort"] for port in container({})["ports"]}
    variables = environment({})
    assert ports == {"http": int(variables["PORT"]), "admin": int(variables["ADMIN_PORT"])}
    probes = [container({})[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness", "liveness")]
    assert {probe["port"] for probe in probes} == {"admin"}
    assert {probe["path"] for probe in probes} == {"/health/ready", "/health/live"}
    service = next(item for item in objects({}) if item["kind"] == "Service")
    assert [port["targetPort"] for port in service["spec"]["ports"]] == ["http"]


def test_pulled_models_are_checked_before_they_are_served() -> None:
    values = {"models": {"source": "oci", "oci": {"image": "mine"}}, "image": {"pullPolicy": "Always"}}
    pod = one("Deployment", objects(values))["spec"]["template"]["spec"]
    pull, check = pod["initContainers"]
    assert (pull["image"], pull["imagePullPolicy"]) == ("mine", "Always")
    assert check["image"] == pod["containers"][0]["image"]
    assert check["args"] == ["models", "check"]
    assert check["env"] == [{"name": "MODELS_DIR", "value": "/models"}]
    assert environment(values)["MODELS_DIR"] == "/models"


def test_keys_are_in_a_secret_and_nowhere_else() -> None:
    found = objects({"apiKeys": {"keys": ["one", "two"]}})
    assert one("Secret", found)["stringData"] == {"keys": "one\ntwo"}
    pod = one("Deployment", found)["spec"]["template"]["spec"]
    assert {"name": "API_KEYS_FILE", "value": "/run/secrets/sentiment/keys"} in pod["containers"][0]["env"]
    assert "API_KEYS" not in environment({"apiKeys": {"keys": ["one", "two"]}})
    assert [item["kind"] for item in objects({"apiKeys": {"existingSecret": "x"}})].count("Secret") == 0


def test_autoscaling_takes_the_replicas_over() -> None:
    found = objects({"autoscaling": {"enabled": True, "waitingSeconds": 0.5}})
    assert "replicas" not in one("Deployment", found)["spec"]
    _, waiting = one("HorizontalPodAutoscaler", found)["spec"]["metrics"]
    assert waiting["pods"]["metric"]["name"] == "sentiment_waiting_seconds"
    assert waiting["pods"]["target"]["averageValue"] == "500m"


def test_fewer_pods_at_most_than_at_least_are_refused_in_a_sentence() -> None:
    with pytest.raises(
        HelmRenderError, match=r"autoscaling\.minReplicas is 5, more than autoscaling\.maxReplicas, 4; raise"
    ):
        objects({"autoscaling": {"enabled": True, "minReplicas": 5, "maxReplicas": 4}})


@pytest.mark.parametrize("tag", ["9" * 62 + "-x", "2.1.0@sha256:" + "0" * 64])
def test_a_long_tag_still_makes_a_label(tag: str) -> None:
    found = objects({"image": {"tag": tag}})
    for item in found:
        assert re.fullmatch(
            "[A-Za-z0-9][-A-Za-z0-9_.]{0,61}[A-Za-z0-9]", item["metadata"]["labels"]["app.kubernetes.io/version"]
        )
    assert container({"image": {"tag": tag}})["image"] == f"sentiment-service:{tag}"


def test_a_host_may_be_a_wildcard() -> None:
    values = {"ingress": {"enabled": True, "host": "*.example.com", "tlsSecret": "mine"}}
    spec = one("Ingress", objects(values))["spec"]
    assert spec["rules"][0]["host"] == spec["tls"][0]["hosts"][0] == "*.example.com"


def test_who_may_ask_somebody_may_ask_for_names() -> None:
    rule = {"ports": [{"port": 4318, "protocol": "TCP"}]}
    names = {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}
    store = {"source": "store", "store": {"from": ":s3:models"}}
    https = {"ports": [{"port": 443, "protocol": "TCP"}]}
    for values, egress in (
        ({}, []),
        ({"networkPolicy": {"egress": [rule]}}, [names, rule]),
        ({"models": store}, [names, https]),
        ({"models": store, "networkPolicy": {"egress": [rule]}}, [names, https, rule]),
    ):
        assert one("NetworkPolicy", objects(values))["spec"]["egress"] == egress


def test_names_of_another_release_do_not_meet_those_of_the_first() -> None:
    names = [
        {(item["kind"], item["metadata"]["name"]) for item in objects({}, name)} for name in ("sentiment", "other")
    ]
    assert not names[0] & names[1]


def test_the_chart_is_of_this_version_of_the_service() -> None:
    assert f"appVersion: {__version__}\n" in (CHART / "Chart.yaml").read_text()


def test_the_plain_manifests_are_those_of_the_chart() -> None:
    assert MANIFESTS.read_text() == manifests(), "run `make manifests`"
