"""Material that styleshift makes itself, and a run of the four commands on it.

``make demo`` does it all; ``PYTHONPATH=tools python -m demo.material FOLDER`` only makes the recordings.
"""
