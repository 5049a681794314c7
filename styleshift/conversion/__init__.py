"""One track to one track; one library to one library."""
