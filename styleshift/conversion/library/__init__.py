"""What happens to a library: plan, journal, workers, report."""
