"""Tags, covers, chapters and chunks: from a source to what was made of it.

Between files of one family the block of tags is copied whole; between families every field goes through
:mod:`styleshift.audio.tags.table`. What the target is read back with is compared with what the source had, so
whatever could not be carried has a name in the report.
"""
