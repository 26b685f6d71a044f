"""What make would do, told by make itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

MAKEFILE = Path(__file__).parents[2] / "Makefile"


def test_another_version_of_helm_is_built_and_the_same_is_not(tmp_path: Path) -> None:
    # given a helm of one version that was built
    (tmp_path / ".helm" / "v3.1.0").mkdir(parents=True)
    (tmp_path / ".helm" / "v3.1.0" / "helm").touch()

    # when each version is wanted
    told = {version: _would_do(tmp_path, f".helm/{version}/helm", version) for version in ("v3.1.0", "v3.2.0")}

    # then only the other one is built
    assert "go install" not in told["v3.1.0"]
    assert "go install helm.sh/helm/v3/cmd/helm@v3.2.0" in told["v3.2.0"]


def _would_do(folder: Path, target: str, version: str) -> str:
    command = ["make", "--dry-run", "-C", str(folder), "-f", str(MAKEFILE), target, f"HELM_VERSION={version}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
