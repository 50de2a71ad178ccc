"""OpenAI's shapes: what its clients send and read."""
