"""Flavors: found, checked with the line of the error, read again when they change."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gpu_consumers.picture.caption_styles import CAPTION_STYLES, caption_style
from gpu_consumers.picture.looks import LOOKS
from gpu_consumers.picture.palettes import PALETTES
from gpu_consumers.script.archetypes import archetypes
from gpu_consumers.sound.moods import MOODS
from infra.errors import ConfigurationError, NotFoundError
from infra.flavor_names import names
from infra.flavors import Flavor, Moderation, get_flavor, list_flavors
from infra.settings import Settings


def flavor_in(folder: Path, name: str, text: str) -> Settings:
    (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / name / "flavor.yaml").write_text(text, "utf-8")
    return Settings(flavor_dirs=(folder,))


def test_the_shipped_ones_are_there_and_name_what_exists() -> None:
    flavors = list_flavors(Settings())
    assert {"default", "example"} <= {flavor.name for flavor in flavors}
    for flavor in flavors:
        assert flavor.title and flavor.description
        assert set(flavor.archetypes) <= set(archetypes()) and flavor.mood in (None, *MOODS)
        assert caption_style(flavor.caption_style)


def test_the_names_that_flavors_are_checked_by_are_those_of_the_code() -> None:
    assert {kind: set(listed) for kind, listed in names().items()} == {
        "archetypes": set(archetypes()),
        "looks": set(LOOKS),
        "palettes": set(PALETTES),
        "caption_styles": set(CAPTION_STYLES),
        "moods": set(MOODS),
    }


def test_the_default_flavor_needs_no_network_and_no_gpu() -> None:
    flavor = get_flavor("default", Settings())
    assert [w.backend for w in flavor.writers] == ["templates"] and [v.backend for v in flavor.voices] == ["espeak"]


def test_texts_may_stand_in_files_beside() -> None:
    assert "read aloud" in get_flavor("example", Settings()).script_prompt


def test_a_folder_of_the_settings_adds_flavors_and_overrides_shipped_ones(tmp_path: Path) -> None:
    config = flavor_in(tmp_path, "mine", "title: Mine\ntarget_seconds: 20\n")
    flavor_in(tmp_path, "default", "title: Ours\n")
    assert get_flavor("mine", config).target_seconds == 20
    assert get_flavor("default", config).title == "Ours"


def test_an_unknown_flavor_is_not_found_and_the_hint_lists_those_there_are() -> None:
    with pytest.raises(NotFoundError) as caught:
        get_flavor("nope", Settings())
    assert caught.value.hint is not None and "default" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("title: A\nfps: fast\n", 2, "fps"),
        ("title: A\n\nvoices:\n  - backend: espeak\n  - backend: gramophone\n", 5, "voices.1.backend"),
        ("title: A\nlimits:\n  max_scenes: 400\n", 3, "limits.max_scenes"),
        ("title: A\ncolour: red\n", 2, "colour"),
        ("writers: []\n", 1, "writers"),
        ("title: [A\n", 2, "expected"),
        ("- a\n- b\n", 1, "keys and values"),
        ("", 1, "keys and values"),
        ("title: A\nscript_prompt: file:missing.txt\n", 2, "missing.txt"),
        ("title: A\nname: other\n", 2, "folder"),
        ("title: A\nwriters:\n  - {backend: openai, url: ftp://x}\n", 3, "writers.0.url"),
        ("title: A\nrate: .nan\n", 2, "rate"),
        ("title: A\narchetypes: [list,\n  haiku]\n", 3, "there is no archetype 'haiku'; there are explainer"),
        ("title: A\nlooks:\n  - mesh\n  - velvet\n", 4, "there is no look 'velvet'"),
        ("palette: plaid\n", 1, "there is no palette 'plaid'"),
        ("title: A\ncaption_style: tiny\n", 2, "there is no caption style 'tiny'"),
        ("title: A\nmood: sour\n", 2, "there is no mood 'sour'"),
        ("title: !!python/object:os.system x\n", 1, "could not determine"),
    ],
)
def test_an_error_names_file_and_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    config = flavor_in(tmp_path, "mine", text)
    with pytest.raises(ConfigurationError, match=rf"mine/flavor\.yaml:{line}: .*{what}"):
        get_flavor("mine", config)


def test_a_change_is_seen_and_a_broken_change_keeps_the_last_good_state(tmp_path: Path) -> None:
    # Given
    config = flavor_in(tmp_path, "mine", "title: First\n")
    assert get_flavor("mine", config).title == "First"
    # When it changes
    flavor_in(tmp_path, "mine", "title: Second one\n")
    assert get_flavor("mine", config).title == "Second one"
    # When it breaks
    flavor_in(tmp_path, "mine", "title: [broken\n")
    assert get_flavor("mine", config).title == "Second one"
    # When a new one comes, and the broken one is mended
    flavor_in(tmp_path, "new", "title: New\n")
    flavor_in(tmp_path, "mine", "title: Mended\n")
    assert (get_flavor("new", config).title, get_flavor("mine", config).title) == ("New", "Mended")


def test_a_file_beside_is_part_of_what_is_watched(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "script.txt").write_text("one")
    config = flavor_in(tmp_path, "mine", "script_prompt: file:script.txt\n")
    assert get_flavor("mine", config).script_prompt == "one"
    (tmp_path / "mine" / "script.txt").write_text("another")
    assert get_flavor("mine", config).script_prompt == "another"


def test_a_file_beside_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    config = flavor_in(tmp_path, "mine", "script_prompt: file:../secret.txt\n")
    with pytest.raises(ConfigurationError, match=r"secret\.txt cannot be read"):
        get_flavor("mine", config)


def test_looks_are_taken_in_turn() -> None:
    flavor = Flavor(name="x", looks=("mesh", "hills"))
    assert [flavor.look_for(n) for n in (1, 2, 3)] == ["mesh", "hills", "mesh"]
    assert Flavor(name="x").look_for(1) is None


def test_thresholds_fall_back_to_the_default() -> None:
    moderation = Moderation(thresholds={"default": 0.4, "hate": 0.9})
    assert (moderation.threshold("hate"), moderation.threshold("drugs")) == (0.9, 0.4)


def test_reading_flavors_imports_nothing_of_the_workers() -> None:
    code = "import sys, infra.flavors as f; f.list_flavors(); print([m for m in sys.modules if 'gpu_consumers' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("draft", "size"), [(1, (1080, 1920)), (4, (270, 480)), (5, (216, 384)), (6, (180, 320))])
def test_a_draft_is_as_many_times_smaller_and_even(draft: int, size: tuple[int, int]) -> None:
    assert Flavor(name="quick", draft=draft).size == size
