//! The words of `--help`: what a command answers, by example.

pub(crate) const ABOUT: &str = "Distances between samples, each with its evidence.";

pub(crate) const TEACH: &str = "\
Examples:
  earthwork compare adelie.csv gentoo.csv
      How far apart are these two samples, which columns carry the distance, and what moves where?

  earthwork compare penguins.csv --group species --drop-missing --standardise
      One file split by a column; every pair of groups, every column on one scale.

  earthwork emd a.csv b.csv --weights mass --plan plan.csv --plot plan.svg
      The exact earth mover's distance between weighted points; who sends what to whom, as a table and as a picture.

  earthwork emd today.png yesterday.png --grid --normalise
      Two images as masses on a grid.

  earthwork sliced a.csv b.csv --precision 0.001
      The sliced Wasserstein distance: fast for many points in many columns, with a standard error.

  earthwork verify a.csv b.csv --plan plan.csv
      Is this plan feasible and optimal? Checks a plan made by anybody.

Files: CSV or TSV (delimiter and header are found), NPY, NPZ (data.npz:name), PNG with --grid, and - for standard input.
Exit codes: 0 done, 1 verify says no, 2 wrong input, 3 ended early (what is printed are bounds).
`earthwork COMMAND --help` says more.";

pub(crate) const TEACH_COMPARE: &str = "\
What it prints: the exact Wasserstein distances W1 and W2 with proven lower and upper bounds, how much of W2² each column
carries, and the plan in a few sentences. Every row of a table is a point, every column of numbers a coordinate.

Examples:
  earthwork compare adelie.csv gentoo.csv
  earthwork compare adelie.csv gentoo.csv --columns bill_length_mm,bill_depth_mm --plot bills.svg
  earthwork compare penguins.csv --group species --drop-missing --standardise
  earthwork compare penguins.csv --group species --only Adelie,Gentoo --drop-missing --json
  earthwork compare first.csv second.csv --grid";

pub(crate) const TEACH_EMD: &str = "\
Without --cost and --p this is the earth mover's distance proper: the mean Euclidean distance over which mass has to move.

Examples:
  earthwork emd a.csv b.csv
  earthwork emd a.csv b.csv --p 2 --plan plan.csv          the Wasserstein distance W2, and who sends what to whom
  earthwork emd x.npy y.npy --weights-a a.npy --weights-b b.npy --cost cityblock --json
  earthwork emd --matrix costs.npy                         your own costs, uniform weights
  earthwork emd a.csv b.csv --time-limit 10s               ten seconds at most; bounds if that is too short";

pub(crate) const TEACH_SLICED: &str = "\
The mean over directions of what transport on the line finds between the projections: a distance of its own, smaller than the
Wasserstein distance and computed in almost linear time. --method max looks for the direction that shows most.

Examples:
  earthwork sliced a.csv b.csv
  earthwork sliced x.npy y.npy --directions 500 --p 2 --method monte-carlo --json
  earthwork sliced a.csv b.csv --precision 0.001           as many directions as a tenth of a percent takes
  earthwork sliced a.csv b.csv --method max                the direction in which the samples differ most";

pub(crate) const TEACH_VERIFY: &str = "\
The plan is a table with columns source,target,mass: point numbers as in the two samples, counted from 0. The verdict rests
on two things that are computed here and not believed: whether the plan's sums are the weights, and a lower bound that no
plan can beat. The bound comes from --potentials if they are given, else from an own solve.

Examples:
  earthwork emd a.csv b.csv --plan plan.csv --potentials f.csv
  earthwork verify a.csv b.csv --plan plan.csv
  earthwork verify a.csv b.csv --plan plan.csv --potentials f.csv      no solve: one pass over all pairs";
