"""The chart rendered, without Helm or a cluster."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from helm_python import Chart

DEPLOY: Final = Path(__file__).resolve().parent.parent.parent / "deploy"
CHART: Final = DEPLOY / "chart"
MANIFESTS: Final = DEPLOY / "manifests" / "sentiment.yaml"
HEAD: Final = "# Rendered from deploy/chart with its defaults by `make manifests`; change that.\n"


def render(values: Mapping[str, Any], name: str = "sentiment") -> dict[str, str]:
    """Return what each template becomes."""
    with Chart.load(CHART) as chart:
        rendered: dict[str, str] = chart.render(dict(values), name=name, namespace="default")
    return {path: text for path, text in rendered.items() if path.endswith(".yaml")}


def objects(values: Mapping[str, Any], name: str = "sentiment") -> list[dict[str, Any]]:
    """Return the objects of all templates."""
    return [one for text in render(values, name).values() for one in yaml.safe_load_all(text) if one]


def manifests() -> str:
    """Return the plain manifests."""
    texts = [text.strip() for text in render({}).values() if text.strip()]
    plain = [re.sub(r"\n +(app.kubernetes.io/managed-by|helm.sh/chart): .*", "", text) for text in texts]
    return HEAD + "---\n" + "\n---\n".join(plain) + "\n"


def examples() -> Iterator[dict[str, Any]]:
    """Give the values that deploy/README.md names."""
    for block in re.findall(r"```yaml\n(.*?)```", (DEPLOY / "README.md").read_text(), re.DOTALL):
        if not block.startswith("# no values"):
            yield yaml.safe_load(block)


if __name__ == "__main__":
    MANIFESTS.write_text(manifests())
