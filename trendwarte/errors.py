"""What can go wrong, in one tree.

TrendwarteError
├── ConfigError           a configuration file is wrong; names file, line, key and remedy
├── FetchError            a source did not deliver; ``permanent`` says whether a retry can help
├── ParseError            bytes arrived, but they are not what the source declares
├── WarehouseError        the database is locked, too old, too new or damaged
├── DeliveryError         a message was not accepted; ``permanent`` says whether a retry can help
├── ClockError            the clock stands before the last night
└── LockedError           another run holds the state directory
"""


class TrendwarteError(Exception):
    """Root of every error raised on purpose; its text is fit for an operator."""


class ConfigError(TrendwarteError):
    """One or more mistakes in the configuration, all found in one pass.

    Attributes:
        problems: one line each, ``file:line: key: what is wrong; what to do``.
    """

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class FetchError(TrendwarteError):
    """A source could not be fetched.

    Attributes:
        permanent: True when retrying within this run cannot help (404, robots, refused address).
        state: the health state to record: blocked, rate_limited, dead, parse_error or unreachable.
        status: HTTP status, or None when none arrived.
        retry_after_s: seconds the server asked us to wait, or None.
        is_passing: True when the fault lies on the way and passes by itself (name servers out of reach).
        is_host: True when the whole host is at fault, or asks for silence: its other addresses would fail too.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool,
        state: str = "unreachable",
        status: int | None = None,
        retry_after_s: float | None = None,
        is_passing: bool = False,
        is_host: bool = False,
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.state = state
        self.status = status
        self.retry_after_s = retry_after_s
        self.is_passing = is_passing
        self.is_host = is_host

    def __reduce__(self) -> tuple[object, ...]:
        # Task runners pickle exceptions; keyword-only attributes need help to survive it.
        return (_rebuild_fetch_error, (str(self), dict(vars(self))))


def _rebuild_fetch_error(message: str, attributes: dict[str, object]) -> FetchError:
    error = FetchError(message, permanent=True)
    vars(error).update(attributes)
    return error


class ParseError(TrendwarteError):
    """A payload is not of the declared kind (a challenge page instead of a feed, broken JSON)."""


class WarehouseError(TrendwarteError):
    """The warehouse cannot be opened, migrated or published."""


class DeliveryError(TrendwarteError):
    """A channel did not accept a message.

    Attributes:
        permanent: True when the receiver will never accept it (bad address, 410, 4xx).
        retry_after_s: seconds the receiver asked us to wait, or None.
        is_gone: True when the receiver wants nothing any more, whatever it is (410).
    """

    def __init__(
        self, message: str, *, permanent: bool, retry_after_s: float | None = None, is_gone: bool = False
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after_s = retry_after_s
        self.is_gone = is_gone

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild_delivery_error, (str(self), self.permanent, self.retry_after_s, self.is_gone))


def _rebuild_delivery_error(message: str, permanent: bool, retry_after_s: float | None, is_gone: bool) -> DeliveryError:
    return DeliveryError(message, permanent=permanent, retry_after_s=retry_after_s, is_gone=is_gone)


class ClockError(TrendwarteError):
    """The clock stands before the last judged night; judging would rewrite what was known."""


class LockedError(TrendwarteError):
    """Another run holds the state directory; the text names its process and start."""
