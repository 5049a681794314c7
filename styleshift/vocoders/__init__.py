"""From log spectrograms to waveforms."""
