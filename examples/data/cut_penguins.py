#!/usr/bin/env python3
"""Cuts `adelie.csv` and `gentoo.csv` from `penguins.csv`: the four body measures of one species each.

Rows with a missing measure are left out; every other cell is copied as it stands.
Run it anywhere: `python3 examples/data/cut_penguins.py`.
"""

import csv
from pathlib import Path

HERE = Path(__file__).resolve().parent
MEASURES = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
MISSING = {"", "NA"}

with open(HERE / "penguins.csv", newline="") as source:
    penguins = list(csv.DictReader(source))

for species in ["Adelie", "Gentoo"]:
    rows = [[bird[name] for name in MEASURES] for bird in penguins if bird["species"] == species]
    whole = [row for row in rows if MISSING.isdisjoint(row)]
    target = HERE / f"{species.lower()}.csv"
    with open(target, "w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(MEASURES)
        writer.writerows(whole)
    print(f"{target.name}: {len(whole)} of {len(rows)} rows")
