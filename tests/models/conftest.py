"""Real models with random weights, made here: nothing is downloaded. Without the extra `gpu` all of it is skipped."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from gpu_consumers.acceleration.cache import EngineCache

HERE = Path(__file__).parent
#: Here and in the processes that build: the machine code of an engine need not be fast, but soon there. What g++ makes
#: of the vectors of this processor is known without trying.
os.environ |= {"AOT_INDUCTOR_DEBUG_COMPILE": "1", "TORCHINDUCTOR_VEC_ISA_OK": "1", "TORCHINDUCTOR_COMPILE_THREADS": "1"}


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Modules here import torch at their top."""
    return True if collection_path.name.startswith("test_") and not _has_torch() else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here bears the marker `models`."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.models)


def _has_torch() -> bool:
    from importlib.util import find_spec

    return find_spec("torch") is not None


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> EngineCache:
    """One engine cache for all: what one test has built the next finds."""
    if shutil.which("g++") is None:
        pytest.skip("inductor compiles C++")
    return EngineCache(tmp_path_factory.mktemp("engines"), 2**30)


@pytest.fixture(scope="session")
def language_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a Llama of 30,000 random weights and a byte-level tokenizer of 600 tokens."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("language-model")
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer, bpe.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=["<s>", "</s>"], initial_alphabet=alphabet)
    bpe.train_from_iterator(["why do cats purr, and how do they do it without ever learning how"] * 9, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token="<s>", eos_token="</s>")
    tokenizer.save_pretrained(folder)
    torch.set_num_threads(1)  # the weights are so few that threads only wait for one another
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=4,
        max_position_embeddings=8192, bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder
