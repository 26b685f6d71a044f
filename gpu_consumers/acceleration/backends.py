"""The accelerators: `eager` always works; `inductor` and `tensorrt` run engines that were built before.

Each makes a module compute the same, faster. What one cannot do it says with a `BackendError`, whatever its library
raised: the chain then goes on to the next. Building (`build`) takes minutes and compilers of all kinds: it is done in a
process of its own (`gpu_consumers/generation/builder.py`), never in one that makes clips, which only loads (`prepare`).
"""

from __future__ import annotations

import io
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from gpu_consumers.acceleration import keys
from gpu_consumers.acceleration.cache import EngineCache
from gpu_consumers.acceleration.facts import facts_of
from gpu_consumers.errors import BackendError
from gpu_consumers.generation.faults import memory_named
from gpu_consumers.ports import Example
from infra.storage.artifacts import fingerprint


class NoEngineError(BackendError):
    """There is no such engine in the cache, or none any more: it must be built."""


class Eager:
    """The module as it is."""

    name = "eager"
    #: Whether what it prepares may stay in a module that leaves the device: it takes no memory of its own there.
    travels = True

    def fingerprint(self) -> str:
        """Its name and torch's version."""
        return fingerprint(name=self.name, torch=_torch_version())

    def ready(self, module: Any, example: Example, shape_bucket: str) -> bool:
        """There is nothing to build."""
        return True

    def prepare(self, module: Any, example: Example, shape_bucket: str) -> Callable[..., Any]:
        """The module's own forward pass."""
        return type(module).forward.__get__(module)  # type: ignore[no-any-return]

    def holds(self, module: Any) -> Iterable[str]:
        """None: it computes with the module's own."""
        return ()

    def moved(self, module: Any) -> None:
        """What it computes with is asked for at each call."""


class Engines(Eager):
    """What is common to those that run engines out of the cache."""

    #: How they are built, as far as that decides what they compute and how they are read.
    made: Mapping[str, Any] = {}

    def __init__(self, cache: EngineCache, place: Any) -> None:
        self.cache, self.place = cache, place
        self._weights: WeakKeyDictionary[Any, str] = WeakKeyDictionary()

    def fingerprint(self) -> str:
        """All that engines depend on beside the module: how they are made, GPU, driver, CUDA, TensorRT and torch
        versions."""
        return fingerprint(name=self.name, made=self.made, **facts_of(self.place))

    def facts(self, module: Any, example: Example, shape_bucket: str) -> dict[str, str]:
        """All that decides an engine: its key in the cache."""
        return {
            **facts_of(self.place), "accelerator": self.name, "made": fingerprint(**self.made), "bucket": shape_bucket,
            "graph": keys.structure(module), "arguments": keys.arguments(example), "weights": self._weights_of(module),
        }  # fmt: skip

    def _weights_of(self, module: Any) -> str:
        if module not in self._weights:
            self._weights[module] = keys.weights(module, self.holds(module))
        return self._weights[module]

    def ready(self, module: Any, example: Example, shape_bucket: str) -> bool:
        """Whether an engine for exactly this is in the cache; `prepare` reads it."""
        return self.cache.has(self.facts(module, example, shape_bucket))

    def prepare(self, module: Any, example: Example, shape_bucket: str) -> Callable[..., Any]:
        """The engine for exactly the example's shapes. Raises `NoEngineError` where there is none that is whole,
        `BackendError` for one that does not load, torch's own error where memory runs out."""
        engine = self.cache.get(self.facts(module, example, shape_bucket))
        if engine is None:
            raise NoEngineError(f"{shape_bucket}: no engine of it is in the cache")
        import torch

        try:
            with memory_named(self.place):
                return self._loaded(engine, module)
        except (BackendError, torch.OutOfMemoryError):
            raise
        except Exception as error:  # what loads it raises whatever it likes
            raise BackendError(f"{type(error).__name__}: {first_line(error)}") from error

    def build(self, module: Any, example: Example, shape_bucket: str) -> None:
        """Put an engine for exactly the example's shapes into the cache (minutes). Raises `BackendError`."""
        facts = self.facts(module, example, shape_bucket)
        try:
            self.cache.get_or_build(facts, lambda: self._built(module, contiguous(example)))
        except BackendError:
            raise
        except Exception as error:  # compilers raise whatever they like, and so do the compilers that they call
            raise BackendError(f"{type(error).__name__}: {first_line(error)}") from error

    def _built(self, module: Any, example: Example) -> bytes:
        raise NotImplementedError

    def _loaded(self, engine: bytes, module: Any) -> Callable[..., Any]:
        raise NotImplementedError


#: How inductor compiles: no weight becomes part of the package (nor a small one of the code), and no header of torch is
#: compiled for the next time, which takes longer than all else and pays for those who compile every day.
CONFIG = {
    "aot_inductor.package_constants_in_so": False, "always_keep_tensor_constants": True,
    "aot_inductor.precompile_headers": False, "cpp_cache_precompile_headers": False,
}  # fmt: skip


class Inductor(Engines):
    """`torch.export`, and inductor's machine code for it (AOTInductor). The weights stay the module's own."""

    name = "inductor"
    made = CONFIG

    def __init__(self, cache: EngineCache, place: Any) -> None:
        super().__init__(cache, place)
        self._running: WeakKeyDictionary[Any, WeakSet[Any]] = WeakKeyDictionary()

    def ready(self, module: Any, example: Example, shape_bucket: str) -> bool:
        """As `Engines.ready`. Raises `BackendError` where none could be built."""
        if self.place.type == "cpu" and in_8_bits(module):
            raise BackendError("its FP8 layers: inductor has code for them on GPUs alone")
        return super().ready(module, example, shape_bucket)

    def moved(self, module: Any) -> None:
        """Its engines noted where the weights lay: they are told anew."""
        for engine in self._running.get(module, ()):
            _give(engine, module)

    def _built(self, module: Any, example: Example) -> bytes:
        import torch
        import torch._inductor

        with torch.no_grad():
            program = torch.export.export(module, example.args, dict(example.kwargs), strict=False)
        made, config = io.BytesIO(), dict(CONFIG)  # torch writes into what it is given
        torch._inductor.aoti_compile_and_package(program, package_path=made, inductor_configs=config)
        return made.getvalue()

    def _loaded(self, engine: bytes, module: Any) -> Callable[..., Any]:
        import torch._inductor

        number = (self.place.index or 0) if self.place.type == "cuda" else -1
        made = torch._inductor.aoti_load_package(io.BytesIO(engine), device_index=number)
        _give(made, module)
        if module not in self._running:
            weakref.finalize(module, _free, list(keys.tensors(module).values())).atexit = False
        self._running.setdefault(module, WeakSet()).add(made)

        def run(*args: Any, **kwargs: Any) -> Any:
            given = contiguous(Example(args, kwargs))
            return made(*given.args, **given.kwargs)

        return run


def _give(engine: Any, module: Any) -> None:
    """Let an engine compute with the module's own tensors. Raises `BackendError` where it needs others."""
    state = keys.tensors(module)
    names = engine.get_constant_fqns()
    if strange := sorted(set(names) - set(state)):
        raise BackendError(f"it needs constants that are no weights of the module: {', '.join(strange[:5])}")
    engine.load_constants({name: state[name] for name in names}, check_full_update=True, user_managed=True)


def _free(values: list[Any]) -> None:
    """Let go of the memory of a module that is gone: AOTInductor never lets go of the tensors that it was given."""
    for value in values:
        storage = value.untyped_storage()
        if storage.resizable():
            storage.resize_(0)


def contiguous(example: Example) -> Example:
    """The same values as engines take them: laid out one after the other, whatever they were cut from."""
    return example.mapped(lambda value: value.contiguous() if hasattr(value, "contiguous") else value)


def in_8_bits(module: Any) -> bool:
    """Whether some of its layers hold their weights so."""
    return any("float8" in str(one.dtype) for one in module.parameters())


def _torch_version() -> str:
    import torch

    return str(torch.__version__)


def first_line(error: BaseException) -> str:
    """Its first line; and of what a compiler wrote, the first that is an error."""
    first, *rest = str(error).strip().splitlines() or [""]
    return " ".join([first, *[line for line in rest if " error: " in line][:1]])[:500]
