"""The accelerators: `eager` always works, `inductor` compiles (repeated blocks, if any), `tensorrt` builds whole
engines.

Each makes a module compute the same, faster. What one cannot do it says with a `BackendError`, whatever its library
raised: the chain then goes on to the next.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from gpu_consumers.acceleration.cache import EngineCache
from gpu_consumers.acceleration.facts import facts_of
from gpu_consumers.errors import BackendError, BackendMissingError
from gpu_consumers.ports import Example
from infra.storage.artifacts import fingerprint


class Eager:
    """The module as it is."""

    name = "eager"

    def fingerprint(self) -> str:
        """Its name and torch's version."""
        return fingerprint(name=self.name, torch=_torch_version())

    def prepare(self, module: Any, example: Example, shape_bucket: str) -> Callable[..., Any]:
        """The module's own forward pass."""
        return type(module).forward.__get__(module)  # type: ignore[no-any-return]

    def refit(self, module: Any, state: Mapping[str, Any]) -> None:
        """New weights, in place."""
        module.load_state_dict(state, strict=False)


#: Variants of one module that are compiled: its shapes, and for a decoder each kind of piece. Beyond it runs eagerly.
VARIANTS = 64


class Inductor(Eager):
    """`torch.compile`, of the repeated blocks where the module names them: far less to compile than the whole."""

    name = "inductor"

    def __init__(self, compiler: str = "inductor") -> None:
        self._compiler = compiler

    def fingerprint(self) -> str:
        """The name, the compiler and torch's version."""
        return fingerprint(name=self.name, compiler=self._compiler, torch=_torch_version())

    def prepare(self, module: Any, example: Example, shape_bucket: str) -> Callable[..., Any]:
        """Compiled and run once with the example. Weights are arguments of the graph: `refit` needs no build."""
        import torch

        try:
            if getattr(module, "_repeated_blocks", None):
                module.compile_repeated_blocks(backend=self._compiler, fullgraph=True, dynamic=False)
                made: Callable[..., Any] = super().prepare(module, example, shape_bucket)
            else:
                torch._dynamo.config.recompile_limit = VARIANTS
                made = torch.compile(super().prepare(module, example, shape_bucket), backend=self._compiler)
            given = example.fresh()
            with torch.no_grad():
                made(*given.args, **given.kwargs)
        except Exception as error:  # compilers raise whatever they like, and so do the compilers that they call
            self.undo(module)
            raise BackendError(f"{type(error).__name__}: {_first(error)}") from error
        return made

    def undo(self, module: Any) -> None:
        """The module as it was."""
        for each in module.modules():
            each._compiled_call_impl = None


class TensorRT(Eager):
    """Whole engines through Torch-TensorRT, refittable, kept in the engine cache."""

    name = "tensorrt"

    def __init__(self, cache: EngineCache, place: Any) -> None:
        self._cache, self._place = cache, place

    def fingerprint(self) -> str:
        """All that engines depend on beside the module: GPU, driver, CUDA, TensorRT and torch versions."""
        return fingerprint(name=self.name, **facts_of(self._place))

    def prepare(self, module: Any, example: Example, shape_bucket: str) -> Callable[..., Any]:
        """An engine for exactly the example's shapes, from the cache or built (minutes). Raises `BackendError`."""
        trt = _torch_tensorrt()
        import torch

        if any(one.dtype is torch.float8_e4m3fn for one in module.parameters()):
            raise BackendError("its FP8 layers multiply by torch's own product, for which it builds no engine")
        try:
            program = torch.export.export(module, example.args, example.kwargs, strict=False)
            facts = {**facts_of(self._place), **_of_module(program, module), "bucket": shape_bucket}
            plan = self._cache.get_or_build(facts, lambda: _build(trt, program, example))
            return _runnable(trt, plan, program)
        except Exception as error:  # TensorRT raises bare exceptions of its own
            raise BackendError(f"{type(error).__name__}: {_first(error)}") from error

    def refit(self, module: Any, state: Mapping[str, Any]) -> None:
        """New weights. The engines hold the old ones: the module runs eagerly until it is prepared anew."""
        super().refit(module, state)
        module.__dict__.pop("forward", None)


def _torch_tensorrt() -> Any:
    try:
        import torch_tensorrt
    except Exception as error:  # without NVIDIA's libraries the import raises a bare Exception
        raise BackendMissingError(f"torch_tensorrt cannot be imported: {_first(error)}") from error
    return torch_tensorrt


def _of_module(program: Any, module: Any) -> dict[str, str]:
    """What of the module decides its engine: the graph with all shapes and dtypes, and the weights."""
    graph = hashlib.sha256(str(program.graph_module.code).encode() + str(program.graph_signature).encode())
    weights = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        weights.update(f"{name} {tuple(value.shape)} {value.dtype}\n".encode())
        weights.update(value.detach().cpu().contiguous().flatten().view(dtype=_bytes()).numpy().tobytes())
    return {"graph": graph.hexdigest(), "weights": weights.hexdigest()}


def _bytes() -> Any:
    import torch

    return torch.uint8


def _build(trt: Any, program: Any, example: Example) -> bytes:
    made = trt.dynamo.convert_exported_program_to_serialized_trt_engine(
        program, arg_inputs=list(example.args), kwarg_inputs=dict(example.kwargs), immutable_weights=False
    )
    return bytes(made)


def _runnable(trt: Any, plan: bytes, program: Any) -> Callable[..., Any]:
    """The engine as a callable with the module's own arguments and results."""
    import tensorrt
    import torch

    engine = tensorrt.Runtime(tensorrt.Logger(tensorrt.Logger.WARNING)).deserialize_cuda_engine(plan)
    if engine is None:
        raise BackendError("TensorRT does not take the engine")
    names = [engine.get_tensor_name(number) for number in range(engine.num_io_tensors)]
    inputs = [name for name in names if engine.get_tensor_mode(name) == tensorrt.TensorIOMode.INPUT]
    outputs = [name for name in names if name not in inputs]
    module = trt.runtime.PythonTorchTensorRTModule(plan, inputs, outputs)

    def run(*args: Any, **kwargs: Any) -> Any:
        rest = iter([value for value in args if isinstance(value, torch.Tensor)])
        made = module(*(kwargs[name] if name in kwargs else next(rest) for name in inputs))
        return shaped(program, made if isinstance(made, tuple) else (made,))

    return run


def shaped(program: Any, outputs: tuple[Any, ...]) -> Any:
    """An engine's outputs as the exported module returns them: a tensor, a tuple, an output class."""
    from torch.utils import _pytree

    return _pytree.tree_unflatten(list(outputs), program.call_spec.out_spec)


def _torch_version() -> str:
    import torch

    return str(torch.__version__)


def _first(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [""])[0][:500]
