"""The way in for assistants: a server of the Model Context Protocol."""
