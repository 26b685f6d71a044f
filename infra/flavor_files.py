"""Folders of YAML read into models, with the line in every error, and read again when they change."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Generic, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from infra.errors import ConfigurationError
from infra.telemetry import logs

FILE = "flavor.yaml"
log = logs.get("flavors")

M = TypeVar("M", bound=BaseModel)
Signature = tuple[tuple[str, int, int], ...]


def folders(extra: Iterable[Path]) -> tuple[Path, ...]:
    """The folders that hold flavors: the shipped one, then the installation's own, which win."""
    # The package that holds them is only located, never imported: rooms do not import one another.
    spec = find_spec("gpu_consumers")
    shipped = [Path(place) / "flavors" for place in (spec.submodule_search_locations or ())] if spec else []
    return (*shipped, *(Path(folder) for folder in extra))


class Catalog(Generic[M]):
    """The models of some folders, by name: each is a file `file` in a folder of that name.

    A file that breaks later keeps its last good state, and the log says so.
    """

    def __init__(self, model: type[M], where: Sequence[Path], *, file: str = FILE) -> None:
        self._model, self._where, self._file = model, tuple(where), file
        self._lock = threading.Lock()
        self._seen: Signature | None = None
        self._good: dict[str, M] = {}

    def all(self) -> Mapping[str, M]:
        """All that there are now. Raises `ConfigurationError` where one of the first reading is wrong."""
        with self._lock:
            now = self._signature()
            if now != self._seen:
                self._good = self._read(first=self._seen is None)
                self._seen = now
            return self._good

    def _signature(self) -> Signature:
        """What changes with any file of any flavor: cheap enough to look at before every use."""
        files = sorted(path for folder in self._where for path in folder.glob("*/*") if path.is_file())
        return tuple((str(path), stat.st_mtime_ns, stat.st_size) for path in files for stat in (path.stat(),))

    def _read(self, *, first: bool) -> dict[str, M]:
        found: dict[str, M] = {}
        for path in (path for folder in self._where for path in sorted(folder.glob(f"*/{self._file}"))):
            name = path.parent.name
            try:
                found[name] = read(path, self._model)
            except ConfigurationError as error:
                if first:
                    raise
                log.error("not read, its last good state stays", reason=str(error))
                found |= {name: self._good[name]} if name in self._good else {}
        return found


def read(path: Path, model: type[M]) -> M:
    """One file as a model; its `name` is the folder's. Raises `ConfigurationError` as `file:line: what is wrong`."""
    node = _node(path)
    data = _plain(node, path)
    data = {"name": path.parent.name, **{key: _text(path, node, key, value) for key, value in data.items()}}
    try:
        found = model.model_validate(data)
    except ValidationError as error:
        raise ConfigurationError("\n".join(_told(path, node, problem) for problem in error.errors())) from error
    if data["name"] != path.parent.name:
        raise ConfigurationError(
            f"{path}:{line_of(node, ('name',))}: the name must be the folder's, {path.parent.name!r}"
        )
    return found


def _node(path: Path) -> yaml.Node:
    try:
        node = yaml.compose(path.read_text("utf-8"), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigurationError(f"{path}:{line}: {error.problem}") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path}:1: {error}") from error
    if not isinstance(node, yaml.MappingNode):
        raise ConfigurationError(f"{path}:1: must hold keys and values")
    return node


def _plain(node: yaml.Node, path: Path) -> dict[str, Any]:
    try:
        data: dict[str, Any] = yaml.constructor.SafeConstructor().construct_document(node)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigurationError(f"{path}:{line}: {error.problem}") from error
    return data


def _text(path: Path, node: yaml.Node, key: Any, value: Any) -> Any:
    """`file:NAME` stands for the text of a file beside."""
    if not (isinstance(value, str) and value.startswith("file:")):
        return value
    beside = path.parent / Path(value.removeprefix("file:").strip()).name
    try:
        return beside.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}:{line_of(node, (key,))}: {key}: {beside.name} cannot be read") from error


def _told(path: Path, node: yaml.Node, problem: Mapping[str, Any]) -> str:
    where = ".".join(map(str, problem["loc"]))
    return f"{path}:{line_of(node, problem['loc'])}: {where}: {problem['msg']}"


def line_of(node: yaml.Node, location: Sequence[Any]) -> int:
    """The line (from 1) of the innermost node on the way to a location."""
    line = node.start_mark.line + 1
    for step in location:
        following = _step(node, step)
        if following is None:
            break
        line, node = following
    return int(line)


def _step(node: yaml.Node, step: Any) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark.line + 1, node.value[step]
    return None
