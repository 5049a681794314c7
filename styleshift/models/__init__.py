"""Models to convert with: those that ship with the package, a person's own, and those of a workspace."""
