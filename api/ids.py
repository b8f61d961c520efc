"""Ids in paths: they may hold any character, '/' and line ends included."""

from __future__ import annotations

from typing import Final

from starlette.convertors import Convertor, register_url_convertor

__all__ = ["ID"]


class _IdConvertor(Convertor[str]):
    regex = r"[\s\S]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("record_id", _IdConvertor())

ID: Final = "{id:record_id}"
"""An id in a route's path. It takes everything up to the path's end or the word that follows it in the route."""
