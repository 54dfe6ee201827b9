#!/usr/bin/env python3
"""Cuts digits_real.csv (every other digit) and digits_without_3.csv (the others, without the threes) from digits.csv: 64 pixels."""

import csv
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> None:
    with open(HERE / "digits.csv", newline="") as file:
        header, *rows = csv.reader(file)
    for name, chosen in [("digits_real.csv", rows[::2]), ("digits_without_3.csv", [r for r in rows[1::2] if r[0] != "3"])]:
        with open(HERE / name, "w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([header[1:], *(row[1:] for row in chosen)])


if __name__ == "__main__":
    main()
