//! Lines of text as rows of one-hot letters, and what a generator makes of them.

use std::collections::{BTreeMap, BTreeSet};

use rand::seq::SliceRandom;

use crate::error::{Error, ErrorKind, Result, require};
use crate::measure::{Points, Samples};
use crate::numeric::stream;

/// The longest n-grams that are compared.
const LONGEST: usize = 4;
/// Letters of an alphabet at most.
const LETTERS: usize = 256;
/// Lines from which n-grams are counted, of either side.
pub(super) const COUNTED: usize = 4096;

/// Lines of text, padded with blanks to one length.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    pub(super) length: usize,
    /// The blank first.
    pub(super) letters: Vec<char>,
    pub(super) train: Vec<u8>,
    pub(super) held_out: Vec<u8>,
}

/// How near generated lines are to held-out ones.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TextReport {
    /// The Jensen-Shannon divergence, in nats, between the frequencies of n-grams of letters, n = 1 to 4; a blank stands before and behind each
    /// line.
    pub js: [f64; LONGEST],
    /// The share of generated lines that occur among all given ones.
    pub real: f64,
    /// The share of generated lines that occur among those held out and not among those trained on.
    pub new: f64,
}

impl Lines {
    /// Every fifth line, chosen at random, is held out.
    pub(super) fn new(lines: &[String], length: Option<usize>, alphabet: Option<&str>, seed: u64) -> Result<Self> {
        let wrong = |argument: &'static str, why: String| Err(Error::new(argument, ErrorKind::Unsupported(why.into())));
        let lines: Vec<Vec<char>> = lines.iter().map(|line| line.trim_end().chars().collect()).collect();
        require(
            "data",
            lines.len() as f64,
            lines.len() >= 2,
            "at least 2 lines are needed: the referee keeps some apart",
        )?;
        let longest = lines.iter().map(Vec::len).max().unwrap_or(0);
        let length = length.unwrap_or(longest);
        require("length", length as f64, length > 0, "a line has at least one letter")?;
        if let Some(at) = lines.iter().position(|line| line.len() > length) {
            let found = lines[at].len();
            return wrong(
                "length",
                format!(
                    "line {} has {found} letters, more than {length}; take a longer length, or cut the lines first",
                    at + 1
                ),
            );
        }
        let mut letters: Vec<char> = match alphabet {
            Some(alphabet) => alphabet.chars().collect(),
            None => lines.iter().flatten().copied().collect::<BTreeSet<char>>().into_iter().collect(),
        };
        letters.retain(|&letter| letter != ' ');
        letters.insert(0, ' ');
        if letters.iter().collect::<BTreeSet<_>>().len() < letters.len() {
            return wrong("alphabet", "a letter stands in it twice".into());
        }
        if letters.len() > LETTERS {
            return wrong("alphabet", format!("it has {} letters; at most {LETTERS} can be told apart", letters.len()));
        }
        let mut codes = Vec::with_capacity(lines.len());
        for (at, line) in lines.iter().enumerate() {
            let mut row = vec![0_u8; length];
            for (to, letter) in row.iter_mut().zip(line) {
                let Some(code) = letters.iter().position(|known| known == letter) else {
                    return wrong("alphabet", format!("line {} has the letter `{letter}`, which is not in it", at + 1));
                };
                *to = code as u8;
            }
            codes.push(row);
        }
        codes.shuffle(&mut stream(seed, 0));
        let held_out = codes.split_off(codes.len() - (codes.len() / 5).max(1));
        Ok(Self { length, letters, train: codes.concat(), held_out: held_out.concat() })
    }

    pub(super) fn dim(&self) -> usize {
        self.length * self.letters.len()
    }

    /// The lines of one part.
    pub(super) fn rows<'l>(&self, part: &'l [u8]) -> Vec<&'l [u8]> {
        part.chunks_exact(self.length).collect()
    }

    /// Rows of one-hot letters.
    pub(super) fn samples(&self, rows: &[&[u8]]) -> Result<Samples> {
        let letters = self.letters.len();
        let mut points = vec![0.0; rows.len() * self.dim()];
        for (point, row) in points.chunks_exact_mut(self.dim()).zip(rows) {
            for (k, &code) in row.iter().enumerate() {
                point[k * letters + usize::from(code)] = 1.0;
            }
        }
        Samples::new(Points::from_rows(points, self.dim())?)
    }

    /// The likeliest letter at each place.
    pub(super) fn codes(&self, point: &[f64]) -> Vec<u8> {
        let best =
            |letter: &[f64]| (0..letter.len()).fold(0, |best, k| if letter[k] > letter[best] { k } else { best });
        point.chunks_exact(self.letters.len()).map(|letter| best(letter) as u8).collect()
    }

    /// A line as it is read, without blanks at its end.
    pub(super) fn line(&self, codes: &[u8]) -> String {
        let line: String = codes.iter().map(|&code| self.letters[usize::from(code)]).collect();
        line.trim_end().to_string()
    }

    /// What a generator makes of them.
    pub(super) fn report(&self, made: &[Vec<u8>]) -> TextReport {
        let train: BTreeSet<&[u8]> = self.rows(&self.train).into_iter().collect();
        let held_out: BTreeSet<&[u8]> = self.rows(&self.held_out).into_iter().collect();
        let share = |count: usize| count as f64 / made.len().max(1) as f64;
        let known = made.iter().filter(|row| train.contains(row.as_slice())).count();
        let new =
            made.iter().filter(|row| held_out.contains(row.as_slice()) && !train.contains(row.as_slice())).count();
        let made: Vec<&[u8]> = made.iter().map(Vec::as_slice).collect();
        TextReport {
            js: Self::divergences(&made, &self.some(&self.held_out)),
            real: share(known + new),
            new: share(new),
        }
    }

    /// What two real samples of that size are apart.
    pub(super) fn floor(&self) -> [f64; LONGEST] {
        Self::divergences(&self.some(&self.train), &self.some(&self.held_out))
    }

    fn some<'l>(&self, part: &'l [u8]) -> Vec<&'l [u8]> {
        self.rows(part).into_iter().take(COUNTED).collect()
    }

    fn divergences(made: &[&[u8]], real: &[&[u8]]) -> [f64; LONGEST] {
        std::array::from_fn(|k| jensen_shannon(&grams(made, k + 1), &grams(real, k + 1)))
    }
}

/// How often each n-gram occurs, with a blank before and behind each line.
fn grams(rows: &[&[u8]], n: usize) -> BTreeMap<Vec<u8>, f64> {
    let mut counts = BTreeMap::new();
    for row in rows {
        let end = row.iter().rposition(|&code| code != 0).map_or(0, |at| at + 1);
        let whole: Vec<u8> = [0].into_iter().chain(row[..end].iter().copied()).chain([0]).collect();
        for gram in whole.windows(n) {
            *counts.entry(gram.to_vec()).or_insert(0.0) += 1.0;
        }
    }
    counts
}

/// JS between two tables of counts.
fn jensen_shannon(p: &BTreeMap<Vec<u8>, f64>, q: &BTreeMap<Vec<u8>, f64>) -> f64 {
    let totals = (p.values().sum::<f64>(), q.values().sum::<f64>());
    if totals.0 == 0.0 || totals.1 == 0.0 {
        return std::f64::consts::LN_2;
    }
    let one = |a: f64, b: f64| if a > 0.0 { 0.5 * a * (2.0 * a / (a + b)).ln() } else { 0.0 };
    let of = |gram: &Vec<u8>, table: &BTreeMap<Vec<u8>, f64>, total: f64| table.get(gram).map_or(0.0, |c| c / total);
    let left: f64 = p.iter().map(|(gram, count)| one(count / totals.0, of(gram, q, totals.1))).sum();
    let right: f64 = q.iter().map(|(gram, count)| one(count / totals.1, of(gram, p, totals.0))).sum();
    (left + right).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn lines_come_back() {
        let all = lines(&["ab", "abc", "c", "ca", "bcb"]);
        let text = Lines::new(&all, None, None, 1).unwrap();
        assert_eq!(
            (text.length, text.letters.as_slice(), text.held_out.len()),
            (3, [' ', 'a', 'b', 'c'].as_slice(), 3)
        );
        let rows = text.rows(&text.train);
        let samples = text.samples(&rows).unwrap();
        let back: Vec<Vec<u8>> = samples.points().iter().map(|point| text.codes(point)).collect();
        assert_eq!(back, rows);
        let mut said: Vec<String> =
            text.rows(&text.train).into_iter().chain(text.rows(&text.held_out)).map(|row| text.line(row)).collect();
        said.sort();
        let mut expected = all.clone();
        expected.sort();
        assert_eq!(said, expected);
        let report = text.report(&back);
        assert_eq!((report.real, report.new), (1.0, 0.0));
    }

    #[test]
    fn divergences_are_those_by_hand() {
        let rows = |words: &[&[u8]]| words.iter().map(|word| word.to_vec()).collect::<Vec<_>>();
        // One letter: blanks ½, a and b ¼ each on both sides.
        let (made, real) = (rows(&[&[1, 2]]), rows(&[&[2, 1]]));
        let found = Lines::divergences(&[&made[0]], &[&real[0]]);
        assert!(found[0].abs() < 1e-15 && (found[1] - std::f64::consts::LN_2).abs() < 1e-15, "{found:?}");
        let half = Lines::divergences(&[&made[0], &real[0]], &[&real[0]]);
        // p = (½, ½), q = (0, 1): ½ (½ ln 2 + ½ ln ⅔) + ½ ln 4/3.
        let expected = 0.5 * (0.5 * 2.0_f64.ln() + 0.5 * (2.0_f64 / 3.0).ln()) + 0.5 * (4.0_f64 / 3.0).ln();
        assert!((half[2] - expected).abs() < 1e-15, "{half:?}");
        assert_eq!(Lines::divergences(&[&[0, 0]], &[&real[0]])[3], std::f64::consts::LN_2);
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let message =
            |words: &[&str], length, alphabet| Lines::new(&lines(words), length, alphabet, 0).unwrap_err().to_string();
        assert!(message(&["a"], None, None).contains("at least 2 lines"));
        assert!(message(&["a", "abc"], Some(2), None).starts_with("length: line 2 has 3 letters"));
        assert!(message(&["a", "aé"], None, Some("abc")).contains("line 2 has the letter `é`"));
        assert!(message(&["", ""], None, None).contains("at least one letter"));
        assert!(message(&["a", "b"], None, Some("abca")).contains("twice"));
    }
}
