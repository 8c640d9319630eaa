"""Features are hashed: a number of sixteen bits stands for a word, a pair, a role."""

from zlib import crc32

BITS = 16
#: Number of hashed features; collisions cost less than a larger file.
SIZE = 1 << BITS
MASK = SIZE - 1


def hashed(feature: str) -> int:
    """The number of a feature."""
    return crc32(feature.encode()) & MASK


def seeded(beginning: str) -> int:
    """Where the number of a feature that begins so goes on from: a CRC can, that of "a b" from that of "a "."""
    return crc32(beginning.encode())
