"""What is proved of a built image: each module judges one thing that was seen; `run` brings them together."""
