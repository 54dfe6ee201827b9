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

  earthwork divergence a.csv b.csv --kind kl,js --ci 0.95
      KL and JS between what the two samples were drawn from, estimated, with intervals.

  earthwork sinkhorn a.csv b.csv --p 2 --epsilon-relative 1e-3 --divergence
      Entropic transport, bounds on the exact cost, and the Sinkhorn divergence.

  earthwork sliced a.csv b.csv --precision 0.001
      The sliced Wasserstein distance: fast for many points in many columns, with a standard error.

  earthwork verify a.csv b.csv --plan plan.csv
      Is this plan feasible and optimal? Checks a plan made by anybody.

  earthwork test adelie.csv gentoo.csv
      Can these two samples come from one distribution?

  earthwork metrics real.csv fake.csv
      FID, KID, precision, recall, coverage and the rest, with intervals, beside the exact distance.

  earthwork validate --data ring8 --out report.html
      Which of these metrics see dropped modes, noise, copies ...? A page of curves beside the exact distance.

  earthwork laws
      Which of the distances are symmetric, keep the triangle inequality, still see how far disjoint supports are apart?

  earthwork critic a.csv b.csv --method lp,bjorck,exact-dual
      What do critics say about W1, what do they prove, and what is it?

  earthwork gan train --data ring8 --objective wgan-gp --steps 5000 --out run/
      Train a WGAN while the exact solver keeps count; pictures and records in run/.

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

pub(crate) const TEACH_SINKHORN: &str = "\
Entropic transport: min <C, P> + ε Σ P log(P / R), R = a x b / M. Three numbers come back: the transport cost of the entropic plan, the
regularised value, and proven bounds on the exact cost, which close as ε falls. Without --cost and --p the cost is the
Euclidean distance.

Examples:
  earthwork sinkhorn a.csv b.csv --p 2                          ε = 0.01 times the mean cost
  earthwork sinkhorn a.csv b.csv --p 2 --epsilon 0.05 --tolerance 1e-9
  earthwork sinkhorn a.csv b.csv --p 2 --epsilon-relative 0.1 --divergence --json
  earthwork sinkhorn --matrix costs.npy --epsilon 0.1 --potentials f.csv";

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

pub(crate) const TEACH_DIVERGENCE: &str = "\
Two samples have no divergence of their own: it is estimated for what they were drawn from, with a standard error and with what
the method cannot know. No method can show a KL far above the logarithm of the number of points. Masses on a grid have an exact one.
All values are in nats.

Methods: knn (nearest neighbours, any kind but tv), knn-ball (kl), histogram (one or two columns), kde, gaussian (the closed form of the
two Gaussians that fit), classifier (held-out lower bound of any kind; for kl also called nwj), dv (held-out Donsker-Varadhan), logistic
(mean fitted log ratio), ulsif and rulsif:A (chi2). Without --method: knn; the classifier for tv, and for js above four columns.

Examples:
  earthwork divergence a.csv b.csv
  earthwork divergence a.csv b.csv --kind js,tv,hellinger --method classifier
  earthwork divergence a.csv b.csv --kind renyi:0.5,renyi:2 --k 8 --no-whiten
  earthwork divergence a.csv b.csv --kind kl --ci 0.95 --json
  earthwork divergence today.png yesterday.png --grid --normalise";

pub(crate) const TEACH_TEST: &str = "\
The points are relabelled at random, again and again; the p-value is the share of relabellings under which the two samples are at
least as far apart as they are. Its level is exact for every distance and every number of points. Points must count the same: with
weights labels cannot be exchanged.

  --with energy (default)        2 E|X - Y| - E|X - X'| - E|Y - Y'|; no parameter
  --with mmd, mmd:SIGMA          kernel distance, Gaussian at the median distance or at SIGMA; laplace:SIGMA, kid
  --with w1, w2, w:P             exact Wasserstein distances: one solve for each permutation

Examples:
  earthwork test adelie.csv gentoo.csv
  earthwork test a.csv b.csv --with mmd:0.5 --permutations 9999 --seed 7
  earthwork test penguins.csv --group species --only Adelie,Chinstrap --drop-missing --standardise --json";

pub(crate) const TEACH_LAWS: &str = "\
Each law is tried on small samples of eight kinds: overlapping, touching, disjoint and nested supports, supports on parallel lines,
duplicates, tiny and huge scales. A law that is broken comes with the smallest case found.

Examples:
  earthwork laws
  earthwork laws --with energy,mmd:1,w1 --cases 100
  earthwork laws --json";

pub(crate) const TEACH_CRITIC: &str = "\
A critic is a function f trained to make E_A f - E_B f large; divided by a proven Lipschitz constant that is a lower bound on W1 of
the two samples, whatever the training did. The raw value is not a bound.

Examples:
  earthwork critic a.csv b.csv
  earthwork critic a.csv b.csv --method all --steps 500
  earthwork critic a.csv b.csv --method exact-dual --gradients field.csv
  earthwork critic a.csv b.csv --method bjorck --hidden 128,128 --json";

pub(crate) const TEACH_GAN: &str = "\
Examples:
  earthwork gan train --data ring8 --objective wgan-gp --steps 5000 --out run/
  earthwork gan train --out run/ --resume
  earthwork gan report run/";

pub(crate) const TEACH_TRAIN: &str = "\
The folder gets run.json (the options), log.jsonl (one record a line), checkpoint.safetensors, and the pictures samples.png, critic.png,
loss.png, gradients.png and weights.png. Ctrl-C and --time-limit end the training with all of that written, and exit code 3;
--resume goes on to the same bits.

Examples:
  earthwork gan train --data ring8 --objective wgan-gp --steps 5000 --out run/
  earthwork gan train --data moons --objective ns --label --out moons/           told which moon
  earthwork gan train --data penguins.csv --columns 3,4 --label species --objective wgan-lp --out penguins/
  earthwork gan train --data grid25 --objective wgan-clip --critic-steps 10 --steps 2000 --out clip/
  earthwork gan train --data ring8 --metrics fid,kid,coverage --out watched/         metrics beside exact W1
  earthwork gan train --out run/ --resume";

pub(crate) const TEACH_REPORT: &str = "\
Prints the course of a training and draws its pictures anew.

Example:
  earthwork gan report run/ --json";

pub(crate) const TEACH_BENCHMARK: &str = "\
Pairs of distributions whose W1 and optimal critic are known. cos and L2 compare the critic's gradients with the optimal ones at 4096 fresh
points; W1 is its raw value there; certified is that over its proven Lipschitz constant.

Examples:
  earthwork benchmark w1 --dim 2 --funnels 16 --critic lp
  earthwork benchmark w1 --dim 8 --critic lp,gp,bjorck --hidden 128,128
  earthwork benchmark w1 --dim 2 --funnels 64 --critic exact-dual --points 20000 --json";

pub(crate) const TEACH_METRICS: &str = "\
A is the real sample, B the fake one. Every row of a table is a point: features of images by a network of your own, or low-dimensional
points as they are. FID and KID depend on the units of the columns; --standardise puts them on one scale.

Examples:
  earthwork metrics real.csv fake.csv
  earthwork metrics digits_real.csv digits_without_3.csv --columns 2,3,4,5 --metrics fid,recall,coverage,w1
  earthwork metrics train.npy generated.npy --held-out test.npy --json
  earthwork metrics penguins.csv --group species --only Adelie,Gentoo --drop-missing --standardise";

pub(crate) const TEACH_VALIDATE: &str = "\
Real samples are drawn again and again and made worse step by step, in thirteen ways. At every step each metric is computed, and the
exact distances W1 and W2 beside it. A metric follows, is blind, or misleads: its rank correlation is with W1 where W1 itself rises with
the severity, else with the severity. What it says of real against real samples is its noise floor.

Examples:
  earthwork validate --data ring8 --out report.html
  earthwork validate --data grid25 --metrics fid,kid,precision,recall --corruptions mode-drop,noise --repeats 5
  earthwork validate --data digits.csv --labels label --points 300 --out digits.html
  earthwork validate --data points.csv --modes 5 --json > report.json";
