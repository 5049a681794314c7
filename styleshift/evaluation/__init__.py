"""How far the style moved, how much stayed of what is played or said; the page to listen to.

Import the submodules; this package imports nothing by itself, so that the command line stays quick.
"""
