"""The page. Everything that imports Gradio is here or in app.py."""
