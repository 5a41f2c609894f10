"""Where an endpoint is, and the key for it: what is read from a specification and the environment."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from shoal.models.errors import KeyMissing
from shoal.models.spec import Model
from shoal.runtime.errors import ConfigError

OPENAI = "https://api.openai.com/v1"
"""Where the openai client goes when nobody says otherwise."""

PLACEHOLDER = "no-key-needed"
"""Sent to loopback when there is no key: the client does not work without one."""


def base_url_of(spec: Model, environ: Mapping[str, str] = os.environ) -> str:
    """The address of the endpoint, without a slash at its end. Raises :class:`~shoal.runtime.errors.ConfigError`.

    A user name, password or query in it is refused: the address is shown in metrics, logs and errors.
    """
    said = spec.base_url if spec.base_url is not None else environ.get("OPENAI_BASE_URL") or OPENAI
    try:
        parts = urlsplit(said.strip())
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigError(
            f"base_url of model {spec.model!r} is no address: {error}", model=spec.model
        ) from None
    if parts.scheme not in ("http", "https") or not host:
        raise ConfigError(
            f"base_url of model {spec.model!r} has to look like http://127.0.0.1:8000/v1, not {_shown(said)!r}",
            model=spec.model,
        )
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ConfigError(
            f"base_url of model {spec.model!r} may hold no user, password or query: it is shown in metrics and logs."
            " Put the key into an environment variable and name it in api_key_env",
            model=spec.model,
        )
    return said.strip().rstrip("/")


@lru_cache(maxsize=256)
def is_loopback(base_url: str) -> bool:
    """Whether the endpoint is on this machine."""
    host = urlsplit(base_url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def key_of(spec: Model, base_url: str, environ: Mapping[str, str] = os.environ) -> str:
    """The key for a call, read anew each time, so that a key that was changed is used. White space around it, as files
    leave it, is dropped. Raises :class:`~shoal.models.errors.KeyMissing`."""
    key = environ.get(spec.api_key_env, "").strip()
    about = {"model": spec.model, "endpoint": spec.endpoint, "api_key_env": spec.api_key_env}
    if not key:
        if is_loopback(base_url):
            return PLACEHOLDER
        raise KeyMissing(
            f"model {spec.model!r} at {base_url} needs a key: set the environment variable {spec.api_key_env}, or"
            " name another one in api_key_env",
            **about,
        )
    if not (key.isascii() and key.isprintable()):
        raise KeyMissing(f"what {spec.api_key_env} holds is no key: no HTTP header can carry it", **about)
    return key


def _shown(url: str) -> str:
    """An address that may be wrong in any way, without what may be a secret in it."""
    return url.split("?")[0].rpartition("@")[2][:200]
