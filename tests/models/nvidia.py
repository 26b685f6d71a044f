"""TensorRT's libraries for `make test-tensorrt`, put into the environment that runs this: a published jar holds them.

NVIDIA's own wheels, which the extra `tensorrt` asks for, come from an index of NVIDIA's. Beside a GPU take those.
"""

from __future__ import annotations

import hashlib
import sys
import sysconfig
import zipfile
from pathlib import Path

from infra.stack.lock import Jar

REDISTRIBUTABLE = Jar(
    "org.bytedeco:tensorrt:10.15-1.5.13:linux-x86_64-redist", 533640349,
    "8543a6bda95c5d42141d409e1b74024b444e96334a3815d53997cc4ec3cfce83",
)  # fmt: skip
#: The packages that NVIDIA's wheels have beside the bindings.
LIBRARIES = """import ctypes
from pathlib import Path

for name in ("libnvinfer.so.10", "libnvinfer_plugin.so.10", "libnvonnxparser.so.10"):
    ctypes.CDLL(str(Path(__file__).parent / name), mode=ctypes.RTLD_GLOBAL)
"""
ALIAS = "from tensorrt_bindings import *\nfrom tensorrt_bindings import __version__\n"


def main() -> None:
    """Fetch, check and unpack them; 0.5 GB come over the network, 0.9 GB stay."""
    from jgo.maven import MavenContext

    site = Path(sysconfig.get_path("purelib"))
    jar = Path(REDISTRIBUTABLE.artifact(MavenContext(timeout=600)).resolve())
    with jar.open("rb") as content:
        if hashlib.file_digest(content, "sha256").hexdigest() != REDISTRIBUTABLE.sha256:
            sys.exit(f"error: {jar} is not what was published; remove it and try again")
    libraries = site / "tensorrt_libs"
    libraries.mkdir(exist_ok=True)
    with zipfile.ZipFile(jar) as packed:
        for member in (each for each in packed.infolist() if ".so" in each.filename):
            member.filename = Path(member.filename).name
            packed.extract(member, libraries)
    (libraries / "__init__.py").write_text(LIBRARIES)
    (site / "tensorrt").mkdir(exist_ok=True)
    (site / "tensorrt" / "__init__.py").write_text(ALIAS)


if __name__ == "__main__":
    main()
