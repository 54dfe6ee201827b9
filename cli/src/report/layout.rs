//! Aligned text: tables, and entries of a word and what it says.

use unicode_width::UnicodeWidthStr;

/// Where long lines are broken.
pub(crate) const WIDTH: usize = 118;

/// How the cells of a column are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// Rows of cells, each column as wide as its widest cell.
pub(crate) struct Grid {
    align: Vec<Align>,
    rows: Vec<Vec<String>>,
}

impl Grid {
    /// A table with one letter for each column: `l` or `r`.
    pub(crate) fn new(align: &str) -> Self {
        let align = align.chars().map(|c| if c == 'l' { Align::Left } else { Align::Right }).collect();
        Self { align, rows: Vec::new() }
    }

    pub(crate) fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// The table as lines, each behind `indent` blanks.
    pub(crate) fn text(&self, indent: usize) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width =
            |k: usize| self.rows.iter().filter_map(|row| row.get(k)).map(|cell| cell.width()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = " ".repeat(indent);
            for (k, cell) in row.iter().enumerate() {
                let blanks = " ".repeat(widths[k] - cell.width());
                let gap = if k == 0 { "" } else { "   " };
                line += gap;
                line += &match self.align.get(k) {
                    Some(Align::Right) => blanks + cell,
                    _ => cell.clone() + &blanks,
                };
            }
            text += line.trim_end();
            text.push('\n');
        }
        text
    }
}

/// Entries of a word and what it says, the words in one column and the text wrapped in another.
#[derive(Default)]
pub(crate) struct Entries(Vec<(String, String)>);

impl Entries {
    pub(crate) fn add(&mut self, word: impl Into<String>, text: impl Into<String>) {
        self.0.push((word.into(), text.into()));
    }

    pub(crate) fn text(&self) -> String {
        let width = self.0.iter().map(|(word, _)| word.width()).max().unwrap_or(0);
        let mut out = String::new();
        for (word, text) in &self.0 {
            let mut word = word.as_str();
            for line in wrap(text, WIDTH.saturating_sub(width + 5)) {
                let blanks = " ".repeat(width - word.width());
                out += format!("  {word}{blanks}   {line}").trim_end();
                out.push('\n');
                word = "";
            }
        }
        out
    }
}

/// Lines of at most `width`, broken at blanks.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            *line += word;
        } else if line.width() + 1 + word.width() <= width {
            *line += " ";
            *line += word;
        } else {
            lines.push(word.to_string());
        }
    }
    lines
}

/// A bar of blocks for a share between 0 and 1, to an eighth of a block.
pub(crate) fn bar(share: f64, blocks: usize) -> String {
    let eighths = (share.clamp(0.0, 1.0) * 8.0 * blocks as f64).round() as usize;
    let part = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
    "█".repeat(eighths / 8) + part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_what_is_seen() {
        let mut grid = Grid::new("lr");
        grid.row(["naïve 数", "1"]);
        grid.row(["x", "123"]);
        assert_eq!(grid.text(2), "  naïve 数     1\n  x          123\n");
    }

    #[test]
    fn long_entries_are_wrapped_under_their_text() {
        let mut entries = Entries::default();
        entries.add("note", "word ".repeat(30).trim_end());
        let text = entries.text();
        assert_eq!(text.lines().count(), 2);
        assert!(
            text.lines().all(|line| line.len() <= WIDTH) && text.lines().nth(1).unwrap().starts_with("         word")
        );
    }

    #[test]
    fn bars_show_eighths() {
        assert_eq!((bar(1.0, 3), bar(0.5, 3), bar(0.0, 3)), ("███".into(), "█▌".into(), String::new()));
    }
}
