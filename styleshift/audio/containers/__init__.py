"""What containers say about the sound in them: where it lies, how much there must be, what is missing.

Decoders play what is there and keep silent about the rest. Each module here reads the structure of one
family of containers and fills in an :class:`~styleshift.audio.containers.extent.Extent`; none decodes.
"""
