"""The accelerators: `eager` always works; `inductor` and `tensorrt` run engines that were built before.

Each makes a module compute the same, faster. What one cannot do it says with a `BackendError`, whatever its library
raised: the chain then goes on to the next. Building (`build`) takes minutes and compilers of all kinds: it is done in a
process of its own (`gpu_consumers/generation/builder.py`), never in one that makes clips, which only loads (`prepare`).
"""

from __future__ import annotations

import io
import weakref
from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from gpu_consumers.acceleration import keys
from gpu_consumers.acceleration.cache import EngineCache
from gpu_consumers.acceleration.facts import facts_of
from gpu_consumers.errors import BackendError, BackendMissingError
from gpu_consumers.ports import Example
from infra.storage.artifacts import fingerprint


class NoEngineError(BackendError):
    """There is no such engine in the cache, or none any more: it must be built."""


class Eager:
    """The module as it is."""

    name = "eager"

    def fingerprint(self) -> str:
        """Its name and torch's version."""
        return fingerprint(name=self.name, torch=_torch_version())

    def ready(self, module: Any, example: Example, shape_bucket: str) -> bool:
        """There is nothing to build."""
        return True

    def prepare(self, module: Any, example: Example, shape_bucket: str) -> Callable[..., Any]:
        """The module's own forward pass."""
        return type(module).forward.__get__(module)  # type: ignore[no-any-return]

    def refit(self, module: Any, state: Mapping[str, Any]) -> None:
        """New weights, in place."""
        module.load_state_dict(state, strict=False)


class Engines(Eager):
    """What is common to those that run engines out of the cache."""

    #: How often the module's weights are in memory while one is built: the module's own, and the engine's.
    copies = 2

    def __init__(self, cache: EngineCache, place: Any) -> None:
        self.cache, self.place = cache, place
        self._weights: WeakKeyDictionary[Any, str] = WeakKeyDictionary()

    def fingerprint(self) -> str:
        """All that engines depend on beside the module: GPU, driver, CUDA, TensorRT and torch versions."""
        return fingerprint(name=self.name, **facts_of(self.place))

    def facts(self, module: Any, example: Example, shape_bucket: str) -> dict[str, str]:
        """All that decides an engine: its key in the cache."""
        return {
            **facts_of(self.place), "accelerator": self.name, "bucket": shape_bucket,
            "graph": keys.structure(module), "arguments": keys.arguments(example), "weights": self._weights_of(module),
        }  # fmt: skip

    def _weights_of(self, module: Any) -> str:
        if module not in self._weights:
            self._weights[module] = keys.weights(module)
        return self._weights[module]

    def ready(self, module: Any, example: Example, shape_bucket: str) -> bool:
        """Whether an engine for exactly this is in the cache; `prepare` reads it."""
        return self.cache.has(self.facts(module, example, shape_bucket))

    def prepare(self, module: Any, example: Example, shape_bucket: str) -> Callable[..., Any]:
        """The engine for exactly the example's shapes. Raises `NoEngineError` where there is none that is whole,
        `BackendError` for one that does not load."""
        engine = self.cache.get(self.facts(module, example, shape_bucket))
        if engine is None:
            raise NoEngineError(f"{shape_bucket}: no engine of it is in the cache")
        try:
            return self._loaded(engine, module)
        except BackendError:
            raise
        except Exception as error:  # what loads it raises whatever it likes
            raise BackendError(f"{type(error).__name__}: {_first(error)}") from error

    def build(self, module: Any, example: Example, shape_bucket: str) -> None:
        """Put an engine for exactly the example's shapes into the cache (minutes). Raises `BackendError`."""
        facts = self.facts(module, example, shape_bucket)
        try:
            self.cache.get_or_build(facts, lambda: self._built(module, contiguous(example)))
        except BackendError:
            raise
        except Exception as error:  # compilers raise whatever they like, and so do the compilers that they call
            raise BackendError(f"{type(error).__name__}: {_first(error)}") from error

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
    copies = 1

    def __init__(self, cache: EngineCache, place: Any) -> None:
        super().__init__(cache, place)
        self._running: WeakKeyDictionary[Any, list[Any]] = WeakKeyDictionary()

    def ready(self, module: Any, example: Example, shape_bucket: str) -> bool:
        """As `Engines.ready`. Raises `BackendError` where none could be built."""
        if self.place.type == "cpu" and _in_8_bits(module):
            raise BackendError("its FP8 layers: inductor has code for them on GPUs alone")
        return super().ready(module, example, shape_bucket)

    def refit(self, module: Any, state: Mapping[str, Any]) -> None:
        """New weights: the engines are given them, nothing is built."""
        super().refit(module, state)
        for engine in self._running.get(module, ()):
            _give(engine, module)

    def _weights_of(self, module: Any) -> str:
        return "the module's own"

    def _built(self, module: Any, example: Example) -> bytes:
        import torch
        import torch._inductor

        with torch.no_grad():
            program = torch.export.export(module, example.args, dict(example.kwargs), strict=False)
        made = io.BytesIO()
        torch._inductor.aoti_compile_and_package(program, package_path=made, inductor_configs=CONFIG)
        return made.getvalue()

    def _loaded(self, engine: bytes, module: Any) -> Callable[..., Any]:
        import torch._inductor

        number = (self.place.index or 0) if self.place.type == "cuda" else -1
        made = torch._inductor.aoti_load_package(io.BytesIO(engine), device_index=number)
        _give(made, module)
        if module not in self._running:
            weakref.finalize(module, _free, list(keys.tensors(module).values())).atexit = False
        self._running.setdefault(module, []).append(made)

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


class TensorRT(Engines):
    """Whole engines through Torch-TensorRT, refittable."""

    name = "tensorrt"

    def ready(self, module: Any, example: Example, shape_bucket: str) -> bool:
        """As `Engines.ready`. Raises `BackendError` where they could not be built, or not run."""
        _torch_tensorrt()
        if _in_8_bits(module):
            raise BackendError("its FP8 layers multiply by torch's own product, for which it builds no engine")
        return super().ready(module, example, shape_bucket)

    def refit(self, module: Any, state: Mapping[str, Any]) -> None:
        """New weights. The engines hold the old ones: the module runs eagerly until it is prepared anew."""
        super().refit(module, state)
        self._weights.pop(module, None)
        module.__dict__.pop("forward", None)

    def _built(self, module: Any, example: Example) -> bytes:
        """The engine, and before it how the module's results are put together."""
        import torch

        trt = _torch_tensorrt()
        program = torch.export.export(module, example.args, dict(example.kwargs), strict=False)
        made = trt.dynamo.convert_exported_program_to_serialized_trt_engine(
            program, arg_inputs=list(example.args), kwarg_inputs=dict(example.kwargs), immutable_weights=False
        )
        return packed(program, bytes(made))

    def _loaded(self, engine: bytes, module: Any) -> Callable[..., Any]:
        """The engine as a callable with the module's own arguments and results."""
        import tensorrt
        import torch

        spec, plan = unpacked(engine)
        found = tensorrt.Runtime(tensorrt.Logger(tensorrt.Logger.WARNING)).deserialize_cuda_engine(plan)
        if found is None:
            raise BackendError("TensorRT does not take the engine")
        names = [found.get_tensor_name(number) for number in range(found.num_io_tensors)]
        inputs = [name for name in names if found.get_tensor_mode(name) == tensorrt.TensorIOMode.INPUT]
        outputs = [name for name in names if name not in inputs]
        running = _torch_tensorrt().runtime.PythonTorchTensorRTModule(plan, inputs, outputs)

        def run(*args: Any, **kwargs: Any) -> Any:
            rest = iter([value for value in args if isinstance(value, torch.Tensor)])
            made = running(*(kwargs[name] if name in kwargs else next(rest) for name in inputs))
            return shaped(spec, made if isinstance(made, tuple) else (made,))

        return run


def packed(program: Any, plan: bytes) -> bytes:
    """An engine's bytes with a first line (JSON) that says how its outputs become what the module returns."""
    from torch.utils import _pytree

    spec: str = _pytree.treespec_dumps(program.call_spec.out_spec)
    return spec.encode() + b"\n" + plan


def unpacked(engine: bytes) -> tuple[Any, bytes]:
    """What `packed` put together."""
    from torch.utils import _pytree

    spec, _, plan = engine.partition(b"\n")
    return _pytree.treespec_loads(spec.decode()), plan


def shaped(spec: Any, outputs: tuple[Any, ...]) -> Any:
    """An engine's outputs as the exported module returns them: a tensor, a tuple, an output class."""
    from torch.utils import _pytree

    return _pytree.tree_unflatten(list(outputs), spec)


#: Those that build, by name.
BUILDING: dict[str, type[Engines]] = {each.name: each for each in (TensorRT, Inductor)}


def contiguous(example: Example) -> Example:
    """The same values as engines take them: laid out one after the other, whatever they were cut from."""
    return example.mapped(lambda value: value.contiguous() if hasattr(value, "contiguous") else value)


def _in_8_bits(module: Any) -> bool:
    return any("float8" in str(one.dtype) for one in module.parameters())


def _torch_tensorrt() -> Any:
    try:
        import torch_tensorrt
    except Exception as error:  # without NVIDIA's libraries the import raises a bare Exception
        raise BackendMissingError(f"torch_tensorrt cannot be imported: {_first(error)}") from error
    return torch_tensorrt


def _torch_version() -> str:
    import torch

    return str(torch.__version__)


def _first(error: BaseException) -> str:
    """Its first line; and of what a compiler wrote, the first that is an error."""
    first, *rest = str(error).strip().splitlines() or [""]
    return " ".join([first, *[line for line in rest if " error: " in line][:1]])[:500]
