"""Files <-> waveforms: find, read, measure, resample, write, tags.

Waveform blocks are ``[n, channels]`` float32, full scale at 1.0. Import the submodules; this package imports
nothing by itself, so that listing plugins stays cheap.
"""
