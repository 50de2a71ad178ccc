"""The way in over HTTP: OpenAI's shapes under /v1, our own beside them."""
