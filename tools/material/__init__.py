"""Renders training material of the models that ship, from published scores, recorded notes and sound fonts.

    PYTHONPATH=tools python -m material violin_piano FOLDER --scores SCORES --notes NOTES

One file a step: a score is read (:mod:`material.scores`), performed (:mod:`material.performance`), played by
recorded notes (:mod:`material.sampler`) or a sound font (:mod:`material.fonts`), and recorded in a room
(:mod:`material.room`, :mod:`material.studio`). What is played by whom is said by a style pair's own file, as
:mod:`material.violin_piano`.
"""
