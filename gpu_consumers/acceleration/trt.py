"""TensorRT: engines through Torch-TensorRT that compute with the module's own weights, all but those of convolutions.

Those weights are arguments of an engine, not part of it: nothing is held twice, one engine is for all blocks of a
transformer and for any fine-tuning, and styles that are merged into the weights need neither refitting nor building
(decision 69).
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakValueDictionary

from gpu_consumers.acceleration import keys
from gpu_consumers.acceleration.backends import Engines, first_line, in_8_bits
from gpu_consumers.acceleration.cache import EngineCache
from gpu_consumers.acceleration.layout import FORMAT, Layout, lent, lowered, packed, unpacked
from gpu_consumers.errors import BackendError, BackendMissingError
from gpu_consumers.ports import Example

#: How Torch-TensorRT converts. Its converters of attention (2.11) take queries and keys of one length alone, so
#: attention is written out, which TensorRT fuses again; and left alone they make every mask a causal one.
SETTINGS = {"decompose_attention": True, "attn_bias_is_causal": False, "truncate_double": True}
MADE = {**SETTINGS, "layout": FORMAT}
#: Where TensorRT reads from begins at a multiple of that, in bytes.
ALIGNED = 256


class TensorRT(Engines):
    """Engines that Torch-TensorRT builds and TensorRT runs."""

    name = "tensorrt"
    made = MADE
    travels = False  # an engine has room of its own to work in

    def __init__(self, cache: EngineCache, place: Any) -> None:
        super().__init__(cache, place)
        self._open: WeakValueDictionary[bytes, Opened] = WeakValueDictionary()

    def ready(self, module: Any, example: Example, shape_bucket: str) -> bool:
        """As `Engines.ready`. Raises `BackendError` where they could not be built, or not run."""
        torch_tensorrt()
        if in_8_bits(module):
            raise BackendError("its FP8 layers multiply by torch's own product, for which it builds no engine")
        return super().ready(module, example, shape_bucket)

    def holds(self, module: Any) -> Iterable[str]:
        """All but what is lent to it."""
        return keys.tensors(module).keys() - lent(module).keys()

    def _built(self, module: Any, example: Example) -> bytes:
        import torch

        program, layout, tensors = lowered(module, example)
        convert = torch_tensorrt().dynamo.convert_exported_program_to_serialized_trt_engine
        with torch.no_grad(), logged_is_raised():
            return packed(layout, bytes(convert(program, arg_inputs=tensors, **SETTINGS)))

    def _loaded(self, engine: bytes, module: Any) -> Callable[..., Any]:
        layout, plan = unpacked(engine)
        key = hashlib.sha256(plan).digest()
        found = self._open.get(key)
        if found is None:
            found = self._open[key] = self._opened(plan)
        return bound(found, layout, module)

    def _opened(self, plan: bytes) -> Opened:
        return Opened(plan, self.place)


class Opened:
    """An engine on a device, once for all the modules that it is for: they take turns in the room it works in."""

    def __init__(self, plan: bytes, place: Any) -> None:
        """Raises `BackendError`, and whatever TensorRT raises."""
        import tensorrt
        import torch

        found = tensorrt.Runtime(tensorrt.Logger(tensorrt.Logger.WARNING)).deserialize_cuda_engine(plan)
        if found is None:
            raise BackendError("TensorRT does not take the engine")
        names = [found.get_tensor_name(number) for number in range(found.num_io_tensors)]
        self._inputs = [name for name in names if found.get_tensor_mode(name) == tensorrt.TensorIOMode.INPUT]
        outputs = [name for name in names if name not in self._inputs]
        self._place = place
        with torch.cuda.device(place):
            torch.cuda.empty_cache()  # TensorRT takes its room beside torch, which keeps what it has freed
            self._module = torch_tensorrt().runtime.PythonTorchTensorRTModule(plan, self._inputs, outputs)

    def __call__(self, tensors: Mapping[str, Any]) -> Sequence[Any]:
        """The tensors that it makes of those, which it takes by name."""
        import torch

        with torch.cuda.device(self._place):
            made = self._module(*(tensors[name] for name in self._inputs))
        return made if isinstance(made, (tuple, list)) else (made,)


def bound(engine: Callable[[Mapping[str, Any]], Any], layout: Layout, module: Any) -> Callable[..., Any]:
    """What runs an engine on tensors alone as a callable with the module's own arguments and results.

    Raises `BackendError` where a weight lies where it cannot be read.
    """
    own = lent(module)
    if apart := [name for name, weight in own.items() if weight.data_ptr() % ALIGNED and weight.is_cuda]:
        raise BackendError(f"it cannot read weights that begin anywhere: {', '.join(apart[:5])}")

    def run(*args: Any, **kwargs: Any) -> Any:
        return layout.result(engine(layout.tensors(own, Example(args, kwargs).mapped(_readable))))

    return run


def _readable(value: Any) -> Any:
    """The same values where TensorRT can read them: not cut from the middle of others."""
    if not hasattr(value, "contiguous"):
        return value
    value = value.contiguous()
    return value.clone() if value.data_ptr() % ALIGNED else value


@contextmanager
def logged_is_raised() -> Iterator[None]:
    """Let what goes wrong in a conversion be what is raised: the library (2.11) logs it, and stumbles over having no
    result."""
    errors, logger = _Errors(logging.ERROR), logging.getLogger("torch_tensorrt")
    logger.addHandler(errors)
    try:
        yield
    except UnboundLocalError as error:
        raise errors.last or error from None
    finally:
        logger.removeHandler(errors)


class _Errors(logging.Handler):
    """Keeps the last one that was logged."""

    last: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        self.last = record.exc_info[1] if record.exc_info else self.last


def torch_tensorrt() -> Any:
    """The library. Raises `BackendMissingError`."""
    try:
        import torch_tensorrt as library
    except Exception as error:  # without NVIDIA's libraries the import raises a bare Exception
        raise BackendMissingError(f"torch_tensorrt cannot be imported: {first_line(error)}") from error
    return library
