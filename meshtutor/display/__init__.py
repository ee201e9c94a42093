"""How things look: HTML tables, progress, highlighted YAML, errors as sentences.

Belongs here: pure functions from values to text or HTML, and the question "is this a notebook or a
terminal?". Every helper has a plain-text branch, because lessons also run headless. Does not belong here:
plotly (charts/), ipywidgets (widgets/), anything that fetches.
"""
