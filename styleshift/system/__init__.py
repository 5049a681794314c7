"""The ground floor: worker processes, locks, files that appear whole, hashes, read-ahead, interrupts."""
