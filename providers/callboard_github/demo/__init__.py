"""``callboard demo``: everything on this machine, with a life of its own."""

from callboard_github.demo.command import demo

__all__ = ["demo"]
