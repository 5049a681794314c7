"""HTML pages that play and show: one template a page, one style and one player for all of them.

``evaluation`` fills the listening page, ``training`` the page of a run, ``conversion`` the report of a
library.
"""

from styleshift.pages.diagram import Diagram, diagram
from styleshift.pages.player import Player, Shot, Unplayed, legend, shot
from styleshift.pages.render import render

__all__ = ["Diagram", "Player", "Shot", "Unplayed", "diagram", "legend", "render", "shot"]
