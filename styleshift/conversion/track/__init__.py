"""What happens to one track: samples in, samples out, in constant memory."""
