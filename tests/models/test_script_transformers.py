"""A language model of random weights writes scripts by the contract, since the decoder leaves it no other way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from jsonschema import Draft202012Validator
from llguidance.hf import from_tokenizer
from transformers import AutoTokenizer

from gpu_consumers.errors import BackendMissingError, TransientBackendError
from gpu_consumers.ports import Brief
from gpu_consumers.script.archetypes import archetypes
from gpu_consumers.script.chain import WriterChain
from gpu_consumers.script.decoding import Constrained, matcher
from gpu_consumers.script.language_model import Request, loaded
from gpu_consumers.script.mould import mould
from gpu_consumers.script.transformers import TransformersWriter
from infra.flavors import Flavor, WriterSpec


def brief(prompt: str = "Why do cats purr?", archetype: str | None = "explainer", seed: int = 1) -> Brief:
    return Brief(prompt=prompt, archetype=archetype, target_seconds=15, language="en", seed=seed)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("archetype", ["explainer", "list", "hot-take"])
def test_random_weights_still_give_a_script(language_model: Path, archetype: str, seed: int) -> None:
    script = TransformersWriter(model=str(language_model), temperature=1.0).write(brief(archetype=archetype, seed=seed))
    assert 3 <= len(script.scenes) <= 8 and script.archetype == archetype
    beats = [beat.beat for beat in archetypes()[archetype].beats]
    assert script.scenes[0].beat == beats[0] and {scene.beat for scene in script.scenes} <= set(beats)
    assert 7.5 <= sum(scene.duration_s for scene in script.scenes) <= 22.5
    assert all(scene.narration.rstrip()[-1] in ".!?" and scene.visuals for scene in script.scenes)


def test_the_same_seed_gives_the_same_script_and_another_seed_another(language_model: Path) -> None:
    writer = TransformersWriter(model=str(language_model))
    first = writer.write(brief())
    torch.rand(99)  # whatever else draws numbers in this process
    assert writer.write(brief()) == first != writer.write(brief(seed=2))


@pytest.mark.parametrize("prompt", ["猫はなぜ喉を鳴らすのですか？", "Warum schnurren Katzen?", "لماذا تخرخر القطط؟"])
def test_other_languages_have_moulds_of_their_own(language_model: Path, prompt: str) -> None:
    script = TransformersWriter(model=str(language_model)).write(brief(prompt))
    assert script.language != "en" and len(script.scenes) >= 3


def test_an_answer_fits_its_schema_to_the_letter(language_model: Path) -> None:
    schema = mould(brief(), archetypes()["explainer"])
    request = Request(system="Write.", user="Cats", schema=schema, seed=3, most_tokens=4000)
    (text,) = loaded(str(language_model)).complete([request], temperature=1.5, timeout_s=60)
    found = json.loads(text)
    # jsonschema's regular expressions know no \p{…}: the shape is checked here, the patterns by the decoder
    plain = json.loads(json.dumps(schema), object_hook=lambda d: {k: v for k, v in d.items() if k != "pattern"})
    Draft202012Validator(plain).validate(found)


def test_rows_of_a_batch_keep_their_own_grammar_and_seed(language_model: Path) -> None:
    # Given two rows with different grammars, before their first token
    tokenizer = AutoTokenizer.from_pretrained(language_model, local_files_only=True)
    grammar = from_tokenizer(tokenizer)
    schemas: list[dict[str, object]] = [{"enum": ["left"]}, {"enum": ["right"]}]
    rows = Constrained([matcher(grammar, s) for s in schemas], [1, 2], prompt=0, end=1, temperature=1.0)
    tokens, said = torch.zeros((2, 0), dtype=torch.long), torch.zeros((2, len(tokenizer)))
    # When both are decoded to their end
    for _ in range(12):
        tokens = torch.cat([tokens, rows(tokens, said.clone()).argmax(dim=1, keepdim=True)], dim=1)
    # Then each said what its own allows
    assert [tokenizer.decode(row, skip_special_tokens=True) for row in tokens] == ['"left"', '"right"']


def test_no_time_is_an_error_that_may_pass(language_model: Path) -> None:
    with pytest.raises(TransientBackendError, match="took longer"):
        TransformersWriter(model=str(language_model), timeout_s=0.0).write(brief())


def test_missing_weights_are_told_in_one_line_and_the_next_writer_writes(tmp_path: Path) -> None:
    spec = WriterSpec(backend="transformers", model=str(tmp_path / "nowhere"))
    with pytest.raises(BackendMissingError) as caught:
        TransformersWriter(model=spec.model).write(brief())
    assert "no language model in" in str(caught.value) and "\n" not in str(caught.value)
    written = WriterChain.of(Flavor(name="x", writers=(spec, WriterSpec(backend="templates")))).write(brief())
    assert written.writer == "templates" and written.fallbacks[0].backend == "transformers"


def test_the_fingerprint_knows_the_weights(language_model: Path, tmp_path: Path) -> None:
    assert TransformersWriter(model=str(language_model)).fingerprint() != (
        TransformersWriter(model=str(tmp_path)).fingerprint()
    )
