"""Models of neural voices with random weights: the inputs, outputs and files of real ones, in a few kilobytes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HOP = 200
PHONEMES = " ,.?!;:abdefhijklmnopstuvwzæðŋɐɑɔəɚɛɜɡɪɹɾʃʊʌʒˈˌːθɫ"


def _model(path: Path, ids: str, inputs: list[onnx.ValueInfoProto], scale: str, durations: bool) -> None:
    """Each token becomes some hops of random sound; the longer, the slower the speech."""
    random = np.random.default_rng(5).normal(0, 0.004, (1, HOP)).astype(np.float32)
    nodes = [
        helper.make_node("Cast", [ids], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["floats", "column"], ["rows"]),
        helper.make_node("MatMul", ["rows", "weights"], ["hops"]),
        helper.make_node("Mul", [scale, "twice"], ["slow"]),
        helper.make_node("Cast", ["slow"], ["times"], to=TensorProto.INT64),
        helper.make_node("Concat", ["one", "times"], ["repeats"], axis=0),
        helper.make_node("Tile", ["hops", "repeats"], ["longer"]),
        helper.make_node("Reshape", ["longer", "line"], ["output"]),
    ]
    outputs = [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["samples"])]
    if durations:
        nodes.append(helper.make_node("Reshape", ["floats", "line"], ["durations"]))
        outputs.append(helper.make_tensor_value_info("durations", TensorProto.FLOAT, ["tokens"]))
    constants = {"weights": random, "column": np.array([-1, 1]), "line": np.array([-1]), "one": np.array([1]),
                 "twice": np.array([4.0], np.float32)}  # fmt: skip
    graph = helper.make_graph(
        nodes, "voice", inputs, outputs, [numpy_helper.from_array(value, name) for name, value in constants.items()]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(model.SerializeToString())


def _input(name: str, kind: int, *shape: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, list(shape))


def piper(folder: Path, *, speakers: bool = False, durations: bool = False) -> Path:
    """`voice.onnx` and `voice.onnx.json`, as piper's training exports them."""
    path = folder / "voice.onnx"
    inputs = [_input("input", TensorProto.INT64, 1, "n"), _input("input_lengths", TensorProto.INT64, 1),
              _input("scales", TensorProto.FLOAT, 3)]  # fmt: skip
    inputs += [_input("sid", TensorProto.INT64, 1)] if speakers else []
    _model(path, "input", inputs, "length", durations)
    model = onnx.load(path)
    pick = helper.make_node("Gather", ["scales", "second"], ["length"])
    model.graph.node.insert(0, pick)
    model.graph.initializer.append(numpy_helper.from_array(np.array([1]), "second"))
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    ids = {symbol: [number] for number, symbol in enumerate(["_", "^", "$", *PHONEMES])}
    config = {
        "audio": {"sample_rate": 16000}, "espeak": {"voice": "en-us"}, "phoneme_id_map": ids,
        "inference": {"noise_scale": 0.667, "length_scale": 1.0, "noise_w": 0.8},
        "speaker_id_map": {"ann": 0, "bob": 1} if speakers else {},
    }  # fmt: skip
    path.with_name("voice.onnx.json").write_text(json.dumps(config))
    return path


def kokoro(folder: Path, *, archive: bool = True, durations: bool = False) -> Path:
    """`model.onnx`, `config.json`, and `voices.bin` or a folder of them. Slower speech is what is left of `speed`."""
    inputs = [_input("tokens", TensorProto.INT64, 1, "n"), _input("style", TensorProto.FLOAT, 1, 256),
              _input("speed", TensorProto.FLOAT, 1)]  # fmt: skip
    _model(folder / "model.onnx", "tokens", inputs, "slowness", durations)
    model = onnx.load(folder / "model.onnx")
    model.graph.node.insert(0, helper.make_node("Reciprocal", ["speed"], ["slowness"]))
    onnx.checker.check_model(model)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    (folder / "config.json").write_text(json.dumps({"vocab": {s: n for n, s in enumerate(PHONEMES, 1)}}))
    random = np.random.default_rng(6)
    styles = {name: random.normal(size=(510, 1, 256)).astype(np.float32) for name in ("af_heart", "bm_george")}
    if archive:
        with (folder / "voices.bin").open("wb") as out:
            np.savez(out, **styles)  # type: ignore[arg-type]
    else:
        (folder / "voices").mkdir()
        for name, style in styles.items():
            style.tofile(folder / "voices" / f"{name}.bin")
    return folder
