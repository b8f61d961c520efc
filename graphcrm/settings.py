"""Settings from the environment; `docs/settings.md` lists each.

A variable is the field's name in capitals behind ``GRAPHCRM_``: `neo4j_uri` is ``GRAPHCRM_NEO4J_URI``.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Annotated, Final

from platformdirs import user_data_path
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from graphcrm.errors import InvalidInput

__all__ = ["DefaultStrengths", "Settings", "checked_region"]

DefaultStrengths = dict[str, float]
"""Strength in (0, 1] of a tie that states none, by layer or, for `knows`, by kind."""


_REGION: Final = "must be the ISO 3166 code of a country that has telephone numbers, such as DE"
_KOSOVO: Final = "XK"
"""Has numbers of its own, and a code that ISO leaves to users and the European Union uses."""


def checked_region(code: str | None) -> str | None:
    """Check the code of the country that telephone numbers without a country code are of.

    Parameters
    ----------
    code : str or None
        ISO 3166, two letters in any case; empty for none.

    Returns
    -------
    str or None
        The code in capitals.

    Raises
    ------
    InvalidInput
        It is no country's, or that of one without telephone numbers.

    Examples
    --------
    >>> checked_region("de"), checked_region("")
    ('DE', None)
    """
    if not code:
        return None
    import pycountry  # both are heavy, and mostly there is no code
    from phonenumbers import SUPPORTED_REGIONS

    region = code.upper()
    is_country = region == _KOSOVO or pycountry.countries.get(alpha_2=region) is not None
    if not is_country or region not in SUPPORTED_REGIONS:
        raise InvalidInput(f"region: {_REGION}, not {code!r}", field="region")
    return region


class Settings(BaseSettings):
    """What may differ from one installation to the next."""

    model_config = SettingsConfigDict(env_prefix="GRAPHCRM_", frozen=True, extra="forbid", hide_input_in_errors=True)

    home: Path = Field(default_factory=partial(user_data_path, "graphcrm"), validate_default=True)
    """Folder of the embedded engine's data, its password, uploads, and the rejects files of imports; made absolute."""

    neo4j_uri: str | None = None
    """Address of a Neo4j server (``bolt://``, ``neo4j://``, ``neo4j+s://``); without one, the embedded engine."""
    neo4j_user: str = "neo4j"
    """Its user."""
    neo4j_password: SecretStr = SecretStr("")
    """Its password."""
    neo4j_database: str = "neo4j"
    """Its database."""

    migrate_user: str = "neo4j"
    """User of the Neo4j server that `graphcrm migrate` copies to."""
    migrate_password: SecretStr = SecretStr("")
    """Its password."""
    migrate_database: str = "neo4j"
    """Its database."""

    embedded_heap: str = Field(default="2g", pattern=r"^\d+[mg]$")
    """Largest Java heap of the embedded engine."""
    query_timeout_s: float = Field(default=60.0, gt=0, le=3600)
    """Seconds after which a query is cut off."""

    region: str | None = None
    """ISO 3166 code of the country that telephone numbers without a country code are of."""

    half_life_days: float = Field(default=180.0, gt=0)
    """Days in which the strength of a tie made by an event halves."""
    default_strengths: Annotated[DefaultStrengths, NoDecode] = {
        "referral": 0.7,
        "works_with": 0.5,
        "family": 0.9,
        "partner": 0.8,
        "friend": 0.7,
        "adviser": 0.6,
        "colleague": 0.5,
        "other": 0.3,
    }
    """Strength of a tie that states neither a strength nor a count, by layer or, for `knows`, by kind (JSON)."""

    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Host names beside the loopback ones under which the service may be called, separated by commas."""
    webhooks_allow_private: bool = False
    """Whether webhooks may lead to this machine and its network, and without TLS."""
    bootstrap_token: bool = False
    """Whether `serve` makes an admin token by itself when it listens beyond loopback and none exists."""

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        try:
            return value.expanduser().resolve()
        except (OSError, RuntimeError):
            raise ValueError("is no folder that can be found; give an absolute path") from None

    @field_validator("region")
    @classmethod
    def _known_region(cls, value: str | None) -> str | None:
        try:
            return checked_region(value)
        except InvalidInput:
            raise ValueError(_REGION) from None

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("neo4j_uri")
    @classmethod
    def _known_scheme(cls, value: str | None) -> str | None:
        if not value:
            return None
        if value.split("://")[0] not in ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc"):
            raise ValueError("must start with bolt:// or neo4j:// (or +s, +ssc for TLS)")
        if "@" in value:
            raise ValueError("must hold no user or password; set GRAPHCRM_NEO4J_USER and GRAPHCRM_NEO4J_PASSWORD")
        return value

    @field_validator("default_strengths", mode="before")
    @classmethod
    def _from_json(cls, value: object) -> object:
        try:
            return json.loads(value) if isinstance(value, str) else value
        except ValueError:
            raise ValueError('must be a JSON object such as {"friend": 0.6}') from None

    @field_validator("default_strengths")
    @classmethod
    def _within_unit_interval(cls, value: DefaultStrengths) -> DefaultStrengths:
        defaults: DefaultStrengths = cls.model_fields["default_strengths"].default
        for name, strength in value.items():
            if name not in defaults:
                raise ValueError(f"{name!r} is no layer or kind of tie; there are: {', '.join(defaults)}")
            if not 0 < strength <= 1:
                raise ValueError(f"the strength of {name!r} must be above 0 and at most 1")
        return defaults | value
