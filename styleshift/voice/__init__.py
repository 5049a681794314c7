"""Voices in spectrograms: their pitch, the sounds they speak and how they sound, heard and moved.

All of it works on frames of log magnitudes, without a waveform or a phase, in NumPy. What stands in front of
a generator while it trains has a twin in PyTorch (``training/pitch.py``, ``networks/phones.py``).
Import the submodules; this package imports nothing by itself.
"""
