"""What runs an exported model, and which of what there is does it on this machine."""
