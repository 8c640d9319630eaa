"""Where a fetch may go: no private, local or special address, judged on the address that is connected to.

Checking the text of a URL is not enough: two parsers read ``http://a\\@b/`` differently, names resolve to
whatever their owner likes, and differently the second time. So ``connect`` resolves once, checks every
address of the answer, and connects to a checked one.
"""

import ipaddress
import socket
from collections.abc import Iterable
from contextlib import suppress

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from sources.identity import URL_MAX
from trendwarte.errors import FetchError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_REFUSED_NETWORKS = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        # IPv6: unspecified, loopback and IPv4-compatible; local NAT64; discard; Teredo and other protocol
        # assignments; documentation; 6to4; unique local; link-local; site-local; multicast.
        "::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
        "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
    )
)  # fmt: skip
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_ADDRESSES_TRIED = 4


def refusal(address: str) -> str | None:
    """Why ``address`` (an IP address as text, zone allowed) must not be connected to; None when it may."""
    try:
        ip = _unwrapped(ipaddress.ip_address(address.split("%", 1)[0]))
    except ValueError:
        return f"{address} is not an IP address"
    for network in _REFUSED_NETWORKS:
        if ip.version == network.version and ip in network:
            return f"{address} lies in {network}, which is not public"
    return None


def check_url(url: str) -> None:
    """Refuse a URL that is no plain http(s) address of a host.

    Raises:
        FetchError: permanent, state ``blocked``; names what is wrong and the remedy.
    """
    problem = _url_problem(url)
    if problem:
        raise FetchError(f"{url[:200]!r} is refused: {problem}", permanent=True, state="blocked")


def is_allowed_host(host: str, port: int, allow_hosts: Iterable[str]) -> bool:
    """Whether the operator exempted ``host`` or ``host:port`` from the guard."""
    bare = host.strip("[]").lower().rstrip(".")
    return any(allowed.lower() in (bare, f"{bare}:{port}", f"[{bare}]:{port}") for allowed in allow_hosts)


def connect(host: str, port: int, timeout_s: float, allow_hosts: Iterable[str]) -> socket.socket:
    """Resolve ``host`` once, check every address, and connect to one that was checked.

    Raises:
        FetchError: permanent, ``blocked`` when any address is refused; ``dead`` when the name does not exist.
        OSError: no address accepted the connection.
    """
    addresses = _resolve(host, port)
    if not is_allowed_host(host, port, allow_hosts):
        for _, endpoint in addresses:
            # One refused address condemns the name: an attacker mixes a public one in.
            if reason := refusal(str(endpoint[0])):
                message = f"{host} is refused: {reason}; if it is yours, add '{host}:{port}' to fetching.allow_hosts"
                raise FetchError(message, permanent=True, state="blocked")
    failure: OSError = OSError(f"{host} has no address")
    tried = addresses[:_ADDRESSES_TRIED]
    for family, endpoint in tried:
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            # The addresses share the time: four silent ones must not take four times as long.
            sock.settimeout(timeout_s / len(tried))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.connect(endpoint)
            sock.settimeout(timeout_s)
            return sock
        except OSError as error:
            sock.close()
            failure = error
    raise failure


def _unwrapped(ip: Address) -> Address:
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return ip.ipv4_mapped
        if ip in _NAT64:
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip


def _url_problem(url: str) -> str | None:
    if len(url) > URL_MAX:
        return f"longer than {URL_MAX} characters"
    if any(sign <= " " or sign in '\\<>"' or sign == "\x7f" for sign in url):
        return "holds a space, backslash, quote or control character; percent-encode it"
    # The parser that also connects; urllib.parse reads some spellings differently.
    parts = None
    with suppress(LocationParseError, ValueError):
        parts = parse_url(url)
    if parts is None or not parts.host:
        return "it names no host"
    if parts.scheme not in ("http", "https"):
        return f"scheme {parts.scheme!r}; only http and https are fetched"
    if parts.auth is not None:
        return "it carries credentials; name a key with key_env instead"
    return None


def _resolve(host: str, port: int) -> list[tuple[int, tuple[str, int] | tuple[str, int, int, int]]]:
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise FetchError(f"{host!r} is no host name", permanent=True, state="dead") from None
    except socket.gaierror as error:
        is_unknown = error.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))
        state = "dead" if is_unknown else "unreachable"
        message = f"{host} cannot be resolved: {error.strerror}"
        raise FetchError(message, permanent=is_unknown, state=state, is_passing=not is_unknown, is_host=True) from None
    return [(family, (str(rest[0]), *rest[1:])) for family, _, _, _, rest in found]
