"""Material that styleshift makes itself, and a run of the four commands on it.

``python -m styleshift.demo FOLDER`` does it all; ``python -m styleshift.demo.material FOLDER`` only
makes the recordings.
"""
