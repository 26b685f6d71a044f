"""A device with too little memory for a whole clip: its VAE decodes in tiles."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bench.memory import run
from gpu_consumers import backends
from gpu_consumers.generation.checks import check
from gpu_consumers.generation.device import Device
from gpu_consumers.generation.manifest import GIB, manifest
from gpu_consumers.generation.renderer import DiffusersRenderer
from infra.settings import Settings
from tests.models.pipelines_kit import configured, save, write_flavor, write_manifest
from tests.unit.picture_kit import spec

pytestmark = pytest.mark.timeout(300)
#: GiB for a decoding in tiles, and beyond any machine's for a whole one.
TILED, WHOLE = 0.01, 1e6


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("tiles")
    torch.set_num_threads(1)
    memory = {"weights": 0.01, "peak": WHOLE, "tiled": TILED}
    for name in ("tiny-ltx", "tiny-wan"):
        write_manifest(name, save(name, folder / "weights"), folder / "models", memory=memory)
        write_flavor(name, folder / "flavors")
    return configured(folder)


@pytest.mark.parametrize("name", ["tiny-ltx", "tiny-wan"])
def test_a_clip_is_made_in_tiles_where_the_whole_does_not_fit(name: str, config: Settings, tmp_path: Path) -> None:
    device, wanted = Device(config), manifest(name, config)
    # given tiles that are smaller than the clip
    vae, sizes = device.pipe(name).vae, list[torch.Size]()
    for side in ("height", "width"):
        setattr(vae, f"tile_sample_min_{side}", 16)
        setattr(vae, f"tile_sample_stride_{side}", 8)
    vae.decoder.register_forward_pre_hook(lambda _module, args: sizes.append(args[0].shape))
    # when it is made
    renderer = DiffusersRenderer(device, wanted, config)
    clip = renderer.render(spec(duration_ms=1000, draft=6, seed=7), tmp_path / "clip.mp4", lambda _part, _picture: None)
    # then tiles were all that was decoded at once, and they make a whole clip
    assert clip.frames == 30
    assert max(side for size in sizes for side in size[-2:]) * vae.spatial_compression_ratio <= 16
    # and what they take let it in
    assert device.peak(wanted) == int(TILED * GIB)
    device.stop()


def test_check_tells_of_tiles(config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    device = Device(config)
    monkeypatch.setattr(backends, "device", lambda _config: device)
    told = {finding.what: finding for finding in check(manifest("tiny-ltx", config), config)}["memory"]
    assert told.ok and "decodes in tiles" in told.told
    device.stop()


def test_shipped_models_take_no_more_memory_than_their_manifests_say() -> None:
    figures = run()
    assert len(figures) == 11
    for figure in figures:
        assert figure.holds, figure
        assert figure.value > 0.2 * float(str(figure.aim).split()[2].rstrip(",")), figure
