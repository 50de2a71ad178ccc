"""Assistants: what a person does with what was found."""
