"""The demo's pictures, drawn by code. `rasterise.py` beside this package renders them to files.

canvas.py holds light and shapes; plants, vessels, packs and people are painted on it. The scenes put them
together and register each picture in catalogue.py.
"""
