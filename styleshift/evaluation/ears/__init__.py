"""Ears that were trained elsewhere, on real recordings: pitches, voices, and what is played.

Nothing of styleshift is trained on them or chosen by them, so they hear what its own figures may be fooled
by. Their packages ask for TensorFlow and for a compiler, and neither is needed: what is used are the weights
in their wheels, run by ONNX Runtime and PyTorch.

Import the submodules; one file an ear, and :mod:`.ears` asks those that are installed.
"""
