"""Training: losses, one CycleGAN step, the one visible loop, checkpoints."""
