"""Settings: one class, read from the environment (`SWIPESTREAM_…`) and from `swipestream.env`.

Secrets may also be files: `$SWIPESTREAM_SECRETS_DIR/swipestream_x` holds the setting `x` where that folder is named.
"""

from __future__ import annotations

import os
from functools import lru_cache
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from infra import security
from infra.loopback import LOOPBACK
from infra.media_settings import MediaSettings
from infra.store_settings import File, StoreSettings

#: How limits on requests are written.
RATE = r"^[1-9][0-9]{0,6}/(second|minute|hour|day)$"
#: How settings begin in the environment, and the file beside which they are read from.
PREFIX = "SWIPESTREAM_"
ENV_FILE = "swipestream.env"

#: A GPU by its number, or a GPU or a MIG slice by its UUID as `nvidia-smi -L` prints it.
DEVICES = r"^(cpu|cuda:[0-9]{1,2}|(GPU|MIG)-[A-Za-z0-9/-]{8,80})$"


def _networks(listed: str) -> str:
    """What the server would pass over in silence, and then believe nobody, is refused."""
    for each in [] if listed == "*" else listed.split(","):
        try:
            ip_network(each.strip())
        except ValueError as error:
            how = "{why} (addresses and networks such as 10.1.0.0/16, with commas, or * alone)"
            raise PydanticCustomError("networks", how, {"why": str(error)}) from error
    return listed


class Settings(StoreSettings, MediaSettings, BaseSettings):
    """Everything that can be set. Nothing listens beyond localhost unless `host` says so."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ENV_FILE,
        secrets_dir=os.environ.get("SWIPESTREAM_SECRETS_DIR"),
        extra="ignore",
        frozen=True,
    )

    #: Where data, logs, media and process files of the local stack live.
    data_dir: Path = Path("data")
    #: The address that the API and the gateway listen on.
    host: str = "127.0.0.1"
    api_port: int = Field(8000, ge=1, le=65535)
    gateway_port: int = Field(8001, ge=1, le=65535)
    #: Where browsers reach the gateway, where a proxy stands before it; empty: at its port of the name they asked for.
    public_gateway: str = Field("", pattern="^(wss?://[^ ]+)?$")
    #: Addresses and networks of proxies, with commas, that say who asks (`X-Forwarded-For`, `-Proto`); `*`: everyone.
    proxies: Annotated[str, AfterValidator(_networks)] = "127.0.0.1"
    #: Whether requests need a token: `required`, `open`, or `auto` (open while nothing listens beyond localhost).
    auth: str = Field("auto", pattern="^(auto|open|required)$")
    #: What tokens, cursors and media addresses are signed with; empty: a key is made and kept in `data_dir`.
    auth_key: SecretStr = SecretStr("")
    #: The token that the CLI presents; empty: it makes one where it can read the installation's key.
    token: SecretStr = SecretStr("")
    #: How long an anonymous session lasts, and what it allows (`viewer creator operator`; empty: there are none).
    session_days: int = Field(30, ge=1, le=400)
    session_scopes: str = Field("viewer creator", pattern="^((viewer|creator|operator)( |$))*$")
    #: An OpenID Connect issuer whose tokens are taken too, and the audience that they must name.
    oidc_issuer: str = Field("", pattern="^(https?://[^ ]+)?$")
    oidc_audience: str = "swipestream"
    #: Pages of other origins (`https://example.org`) that may use the API and the gateway.
    origins: tuple[str, ...] = ()
    #: Requests that one viewer, one creator's making and one address may send, as `LIMIT/PERIOD`.
    rate_viewer: str = Field("600/minute", pattern=RATE)
    rate_make: str = Field("60/minute", pattern=RATE)
    rate_address: str = Field("3000/minute", pattern=RATE)
    #: The largest upload, and all uploads of one creator, in MB.
    upload_mb: int = Field(100, ge=1, le=10_000)
    upload_quota_mb: int = Field(1000, ge=1, le=1_000_000)

    #: Workers started by `swipestream up`; 0 means one for each CPU core.
    workers: int = Field(0, ge=0, le=256)
    #: Folders with more flavors, beside those that ship.
    flavor_dirs: tuple[Path, ...] = ()
    #: Folders with more model manifests, beside those that ship.
    model_dirs: tuple[Path, ...] = ()
    #: Where generative models run: `auto` (the first GPU, else the CPU), `cpu`, `cuda`, `cuda:1` …
    device: str = Field("auto", pattern=r"^(auto|cpu|cuda(:[0-9]{1,2})?)$")
    #: GPUs (`cuda:0`) or slices of them (`MIG-…`, `GPU-…` by UUID) for which `swipestream up` starts a worker each, in
    #: place of `workers`.
    devices: tuple[Annotated[str, StringConstraints(pattern=DEVICES)], ...] = Field((), max_length=64)
    #: Models that a worker loads and tries before it takes scenes.
    warm_models: tuple[str, ...] = ()
    #: Where the first worker answers `/healthz` and `/readyz`, the next ones at the ports after it; 0: nowhere.
    worker_port: int = Field(0, ge=0, le=65000)
    #: Scenes that one worker has in hand. More than one lets urgent scenes pre-empt others on the same device.
    scenes_at_once: int = Field(1, ge=1, le=64)
    #: Scripts that one worker has in hand. More than one are decoded together by a language model on this machine.
    scripts_at_once: int = Field(1, ge=1, le=64)
    #: How long a worker waits at most for a scene that another one is making, before it makes it as well, in seconds.
    lease_s: float = Field(30.0, ge=1, le=3600)
    #: Which accelerators are tried, in this order; what fails falls to the next, `eager` always works.
    accelerators: tuple[str, ...] = ("tensorrt", "inductor", "eager")
    #: Built engines that are kept, in GiB; the least recently used go first.
    engine_cache_gib: float = Field(20.0, ge=0)
    #: Models that made way on a GPU and wait in the host's memory, in GiB; 0: none, not given: half of what is free.
    host_cache_gib: float | None = Field(None, ge=0)
    #: TorchScript of a network whose features FVD compares; none: `swipestream quality --fvd` cannot be asked for.
    fvd_network: File = None
    #: Videos kept ready ahead of every active viewer.
    ahead: int = Field(5, ge=0, le=50)
    #: A viewer counts as active for this long after the last sign of life, in seconds.
    viewer_active_s: int = Field(600, ge=1)
    #: Price of one CPU-second and one GPU-second, in `currency`, for the cost on every event.
    price_cpu_second: float = Field(0.000012, ge=0)
    price_gpu_second: float = Field(0.0011, ge=0)
    currency: str = "USD"

    #: Keys of the stock libraries that flavors name.
    pexels_key: SecretStr = SecretStr("")
    pixabay_key: SecretStr = SecretStr("")
    #: Whether videos carry signed C2PA content credentials.
    credentials: bool = True
    #: A certificate chain (PEM, the signer's first) and its key (PEM, Ed25519 or ECDSA), in place of the development
    #: certificate that is made in the data folder.
    credentials_certificate: File = None
    credentials_key: File = None

    #: An OpenTelemetry collector that takes spans over HTTP (`http://localhost:4318`); empty: nobody makes spans.
    otlp_endpoint: str = Field("", pattern="^(https?://[^ ]+)?$")
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    log_format: str = Field("text", pattern="^(text|json)$")

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        security.check(self)
        return self

    @property
    def auth_required(self) -> bool:
        """Whether requests without a token are refused."""
        return self.auth == "required" or (self.auth == "auto" and self.host not in LOOPBACK)

    @property
    def private(self) -> bool:
        """Whether everyone is believed because only this machine reaches it."""
        return self.auth == "auto" and not self.auth_required

    @property
    def api_url(self) -> str:
        """Where the API of this machine answers."""
        return f"http://{_reachable(self.host)}:{self.api_port}"

    @property
    def gateway_url(self) -> str:
        """Where the websocket gateway of this machine answers."""
        return f"ws://{_reachable(self.host)}:{self.gateway_port}"

    def worker_url(self, port: int) -> str:
        """Where a worker of this machine answers."""
        return f"http://{_reachable(self.host)}:{port}"

    @property
    def weights_dir(self) -> Path:
        """The folder of model weights, one folder for each model."""
        return self.data_dir / "weights"

    @property
    def scratch_dir(self) -> Path:
        """The folder of temporary files, one folder for each process that runs."""
        return self.data_dir / "scratch"

    @property
    def media_dir(self) -> Path:
        """The folder of the local media store."""
        return self.data_dir / "media"

    @property
    def media_cache_dir(self) -> Path:
        """The folder of local copies of media that lie in S3."""
        return self.data_dir / "media-cache"


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
