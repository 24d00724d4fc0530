"""Measurements, as ratios in one run: ``python -m bench`` prints the table. Tests assert no times."""
