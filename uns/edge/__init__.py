"""Sources: OT adapters kept alive, reported by exception and published as Sparkplug edge nodes."""
