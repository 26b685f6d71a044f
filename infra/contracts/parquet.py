"""Lines of JSON into one Parquet file, through DuckDB (why: docs/decisions/0007-duckdb-writes-exports.md)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb

from infra.errors import BadInputError

#: The longest line: a record of at most 2 MB, escaped at worst six bytes for one.
_LINE = 16 << 20
#: An export runs beside everything else: one core, and what does not fit into memory goes to disk.
_SPARING: dict[str, str | bool | int | float | list[str]] = {"threads": 1, "memory_limit": "1GB"}
_COPY = """\
COPY (
    SELECT * FROM read_json($lines, columns = $columns, format = 'newline_delimited', maximum_object_size = $line)
    ORDER BY _partition, _offset
) TO {place} (FORMAT parquet, COMPRESSION zstd)
"""


def write(out: Path, lines: Iterable[bytes], columns: Mapping[str, str]) -> int:
    """Write `lines`, sorted by partition and offset; returns the size of the file in bytes.

    The file appears whole or not at all. Raises BadInputError where it cannot be written.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=".export-", dir=out.absolute().parent) as folder:
            spool, made = Path(folder) / "lines.json", Path(folder) / "made.parquet"
            with spool.open("wb") as file:
                file.writelines(lines)
            _convert(spool, made, columns)
            made.replace(out)
    except (OSError, duckdb.IOException) as error:
        raise BadInputError(f"{out} cannot be written: {getattr(error, 'strerror', None) or error}.") from error
    return out.stat().st_size


def _convert(spool: Path, made: Path, columns: Mapping[str, str]) -> None:
    with duckdb.connect(config=_SPARING | {"temp_directory": str(spool.parent)}) as database:
        place = str(made).replace("'", "''")
        database.execute(
            _COPY.format(place=f"'{place}'"), {"lines": str(spool), "columns": dict(columns), "line": _LINE}
        )
