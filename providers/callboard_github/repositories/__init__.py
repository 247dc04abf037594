"""Catalog files of GitHub repositories."""

from callboard_github.repositories.provider import Repositories

__all__ = ["Repositories"]
