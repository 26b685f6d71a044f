"""TensorRT: whole engines through Torch-TensorRT that compute with the weights of the module's own linear layers.

Those weights are arguments of an engine, not part of it: nothing is held twice, an engine is megabytes, fits any
fine-tuning, and styles that are merged into the weights need neither refitting nor building (decision 69).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from gpu_consumers.acceleration import keys
from gpu_consumers.acceleration.backends import Engines, contiguous, first_line, in_8_bits
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
        with torch.no_grad():
            return packed(layout, bytes(convert(program, arg_inputs=tensors, **SETTINGS)))

    def _loaded(self, engine: bytes, module: Any) -> Callable[..., Any]:
        import tensorrt
        import torch

        layout, plan = unpacked(engine)
        found = tensorrt.Runtime(tensorrt.Logger(tensorrt.Logger.WARNING)).deserialize_cuda_engine(plan)
        if found is None:
            raise BackendError("TensorRT does not take the engine")
        names = [found.get_tensor_name(number) for number in range(found.num_io_tensors)]
        inputs = [name for name in names if found.get_tensor_mode(name) == tensorrt.TensorIOMode.INPUT]
        outputs = [name for name in names if name not in inputs]
        with torch.cuda.device(self.place):
            running = torch_tensorrt().runtime.PythonTorchTensorRTModule(plan, inputs, outputs)

        def run(*tensors: Any) -> Any:
            with torch.cuda.device(self.place):
                return running(*tensors)

        return bound(run, inputs, layout, module)


def bound(running: Callable[..., Any], inputs: list[str], layout: Layout, module: Any) -> Callable[..., Any]:
    """What runs an engine on tensors alone as a callable with the module's own arguments and results.

    `inputs` are the engine's, in its order. Raises `BackendError` where a weight lies where it cannot be read.
    """
    own = lent(module)
    if apart := [name for name, weight in own.items() if weight.data_ptr() % ALIGNED and weight.is_cuda]:
        raise BackendError(f"it cannot read weights that begin anywhere: {', '.join(apart[:5])}")

    def run(*args: Any, **kwargs: Any) -> Any:
        tensors = layout.tensors(own, contiguous(Example(args, kwargs)))
        made = running(*(tensors[name] for name in inputs))
        return layout.result(made if isinstance(made, (tuple, list)) else (made,))

    return run


def torch_tensorrt() -> Any:
    """The library. Raises `BackendMissingError`."""
    try:
        import torch_tensorrt as library
    except Exception as error:  # without NVIDIA's libraries the import raises a bare Exception
        raise BackendMissingError(f"torch_tensorrt cannot be imported: {first_line(error)}") from error
    return library
