"""The web page: `quoth page`, by Streamlit."""
