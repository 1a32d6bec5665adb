"""Template: numbers from a device that answers lines of text over TCP. Copy it with `uns adapter new NAME`."""

from adapters._template.adapter import TemplateAdapter

__all__ = ["TemplateAdapter"]
