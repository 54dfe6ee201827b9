//! How a text table is written: its delimiter, and whether its first row holds names.

/// What stands between two cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delimiter {
    Byte(u8),
    /// Any run of blanks and tabs.
    Blanks,
}

/// The delimiter under which most of the first lines have one number of cells, more than one.
///
/// Between equals the rarer byte wins: a tab, semicolon or bar in every line is hardly ever text.
pub(super) fn delimiter<'a>(lines: impl Iterator<Item = &'a str> + Clone) -> Delimiter {
    let lines = lines.take(50);
    let bytes = [b'\t', b';', b'|', b','].map(Delimiter::Byte);
    let mut best = (0.0, Delimiter::Byte(b','));
    for delimiter in bytes {
        let score = agreement(lines.clone().map(|line| cells(line, delimiter)));
        if score > best.0 {
            best = (score, delimiter);
        }
    }
    if best.0 == 0.0 && agreement(lines.map(|line| cells(line, Delimiter::Blanks))) == 1.0 {
        return Delimiter::Blanks;
    }
    best.1
}

/// How many cells a line has.
pub(super) fn cells(line: &str, delimiter: Delimiter) -> usize {
    match delimiter {
        Delimiter::Blanks => line.split_whitespace().count(),
        Delimiter::Byte(byte) => {
            let mut quoted = false;
            let separators = line.bytes().filter(|&b| {
                quoted ^= b == b'"';
                b == byte && !quoted
            });
            separators.count() + 1
        }
    }
}

/// The part of the lines that have the commonest number of cells; 0 where that number is 1.
fn agreement(counts: impl Iterator<Item = usize>) -> f64 {
    let counts: Vec<usize> = counts.collect();
    let times = |cells: usize| counts.iter().filter(|&&c| c == cells).count();
    let commonest = counts.iter().copied().max_by_key(|&cells| (times(cells), cells));
    match commonest {
        Some(cells) if cells > 1 => times(cells) as f64 / counts.len() as f64,
        _ => 0.0,
    }
}

/// Whether a first row holds names: some text, and no number.
pub(super) fn is_header<'a>(mut cells: impl Iterator<Item = &'a str> + Clone) -> bool {
    cells.clone().any(|cell| !is_missing(cell)) && cells.all(|cell| is_missing(cell) || cell.parse::<f64>().is_err())
}

/// Whether a cell says that there is no value.
pub(super) fn is_missing(cell: &str) -> bool {
    const MARKERS: [&str; 11] = ["na", "n/a", "<na>", "#n/a n/a", "nan", "nat", "null", "none", "?", "-", "."];
    let is = |marker: &str| cell.eq_ignore_ascii_case(marker);
    cell.is_empty() || MARKERS.iter().any(|marker| is(marker)) || ERRORS.iter().any(|marker| is(marker))
}

/// What spreadsheets write where a cell has no value.
const ERRORS: [&str; 11] = [
    "#n/a",
    "#div/0!",
    "#ref!",
    "#value!",
    "#name?",
    "#num!",
    "#null!",
    "#spill!",
    "#calc!",
    "#error!",
    "#getting_data",
];

/// Whether a line begins with what a spreadsheet writes where a cell has no value.
pub(super) fn begins_with_error(line: &str) -> bool {
    ERRORS.iter().any(|error| line.get(..error.len()).is_some_and(|start| start.eq_ignore_ascii_case(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Delimiter {
        delimiter(text.lines())
    }

    #[test]
    fn the_delimiter_is_found() {
        assert_eq!(found("a,b\n1,2\n"), Delimiter::Byte(b','));
        assert_eq!(found("a\tb\n1\t2\n"), Delimiter::Byte(b'\t'));
        assert_eq!(found("1,5;2,5\n1,25;3,5\n"), Delimiter::Byte(b';'));
        assert_eq!(found("\"a;b\",c\n1,2\n"), Delimiter::Byte(b','));
        assert_eq!(found("1.0 2.0\n3.0   4.0\n"), Delimiter::Blanks);
        assert_eq!(found("body mass\n1.0\n"), Delimiter::Byte(b','));
        assert_eq!(found("a,b\n1,2\n3\n4,5\n"), Delimiter::Byte(b','));
    }

    #[test]
    fn a_row_of_names_is_told_from_data() {
        let header = |line: &str| is_header(line.split(','));
        assert!(header("a,b") && header("species,"));
        assert!(!header("1,2") && !header("NA,1") && !header("Adelie,39.1") && !header("NA,"));
    }
}
