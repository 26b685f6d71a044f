"""In which partition a key is: as librdkafka, with which everything here writes, finds it."""

from __future__ import annotations

import zlib


def partition_of_key(key: bytes, partitions: int) -> int:
    """The partition of a key in a topic with so many (librdkafka's `consistent`: CRC-32 of the key)."""
    return zlib.crc32(key) % partitions
