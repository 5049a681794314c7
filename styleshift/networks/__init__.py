"""The built-in generators and discriminators. Nothing here imports torch until a network is built."""
