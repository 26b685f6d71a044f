"""Settings that nobody reads, since their names are misspelt: pydantic passes over them in silence."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from pydantic_settings import DotEnvSettingsSource

from infra.settings import ENV_FILE, PREFIX, Settings

#: What else is read from the environment: where secrets are, who operates, names of parts; by tests and benchmarks too.
OTHERS = (
    "SECRETS_DIR", "OPERATOR", "REGISTRY", "WORKER_NAME", "PROCESSORS_NAME", "RUN", "PAGE_URL", "BENCH_SECONDS",
    "BENCH_LONG", "IMAGE",
)  # fmt: skip
KNOWN = frozenset([*(name.upper() for name in Settings.model_fields), *OTHERS])


def told(environ: Mapping[str, str] = os.environ, file: Path = Path(ENV_FILE)) -> Iterator[str]:
    """A sentence for each name that is no setting: in the environment, among the secrets, in the file (ours alone)."""
    folder = Path(environ.get(f"{PREFIX}SECRETS_DIR", os.devnull))
    ours = (name for name in environ if name.upper().startswith(PREFIX))
    secrets = (path.name for path in folder.glob(f"{PREFIX.lower()}*"))
    written = DotEnvSettingsSource(Settings, env_file=file).env_vars
    for place, names in (("the environment", ours), (str(folder), secrets), (str(file), written)):
        yield from (_told(name.upper(), place) for name in names if not _known(name.upper()))


def _known(name: str) -> bool:
    return name.startswith(PREFIX) and name.removeprefix(PREFIX) in KNOWN


def _told(name: str, place: str) -> str:
    near = get_close_matches(name.removeprefix(PREFIX), KNOWN, n=1, cutoff=0.8)
    say = f"did you mean {PREFIX}{near[0]}?" if near else "docs/reference/settings.md lists them all."
    return f"{name} in {place} is no setting and changes nothing; {say}"
