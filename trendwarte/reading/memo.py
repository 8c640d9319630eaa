"""What is worked out once per word, not once per occurrence."""

from collections.abc import Iterable
from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Memo(dict[Key, Value]):
    """A dictionary that works out what it does not hold yet, and starts anew when it is full.

    ``memo[key]`` of something known is a look-up in C, half the time of a call through ``lru_cache``: a text asks for
    each of its words several times.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def __missing__(self, key: Key) -> Value:
        if len(self) >= self._most:
            self.clear()
        value = self[key] = self.look_up(key)
        return value

    def of_all(self, keys: Iterable[Key]) -> list[Value]:
        """The values of many keys: half the time of asking one by one."""
        return list(map(self.__getitem__, keys))

    def look_up(self, key: Key) -> Value:
        """Work out the value of a key; the same for the same key, always."""
        raise NotImplementedError
