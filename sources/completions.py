"""One question to an OpenAI-compatible endpoint that the operator runs or rents."""

import json
from time import monotonic
from typing import Any

import requests

from trendwarte.errors import FetchError

_ANSWER_BYTES = 100_000
_CHUNK = 4_096


def completion(url: str, body: dict[str, Any], key: str, timeout_s: float) -> Any:
    """POST a chat completion and give the parsed answer.

    The endpoint is the operator's own, so it may stand on a private address; it may not lead elsewhere, for the key
    goes with the question. Errors name no address: it may hold a key.

    Raises:
        FetchError: no answer, another status than 200, more than 100 kB, or no JSON.
    """
    until = monotonic() + timeout_s
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        with requests.post(
            url, json=body, headers=headers, timeout=timeout_s, allow_redirects=False, stream=True
        ) as response:
            if response.status_code != requests.codes.ok:
                raise FetchError(f"status {response.status_code}", permanent=False, status=response.status_code)
            content = bytearray()
            for chunk in response.iter_content(_CHUNK):
                content += chunk
                # A read that times out never ends a slow drip.
                if len(content) > _ANSWER_BYTES or monotonic() > until:
                    raise FetchError(f"no answer of {_ANSWER_BYTES} bytes in {timeout_s:g} s", permanent=False)
        return json.loads(content)
    except (requests.RequestException, ValueError) as error:
        raise FetchError(type(error).__name__, permanent=False) from None
