"""Begins a plugin: a package of any kind that installs, passes its own test and does something as it is."""
