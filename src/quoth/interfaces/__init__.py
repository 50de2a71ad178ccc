"""Interfaces: how people and programs reach a knowledge base."""
