//! Text tables, record by record: names, delimiters, and the line on which each row stands.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::args::Header;
use crate::failure::{Outcome, wrong, wrong_file};
use crate::read::dialect::{self, Delimiter, is_header};
use crate::read::source::Source;
use crate::read::table::{Column, Passed, Table};

/// A table from text: CSV, TSV and the like.
pub(super) fn table(mut source: Source, header: Header) -> Outcome<Table> {
    let bytes = source.bytes()?;
    let name = source.name;
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        return wrong_file(&name, "it is UTF-16 text; save it as UTF-8");
    }
    if bytes.contains(&0) {
        return wrong_file(&name, "it is neither a text table nor an NPY, NPZ or PNG file");
    }
    let text = String::from_utf8_lossy(bytes);
    let is_data = |line: &&str| !line.trim().is_empty() && !line.starts_with('#');
    let has_plain_lines = text.lines().any(|line| is_data(&line));
    let is_passed = |line: &str| line.trim().is_empty() || has_plain_lines && line.starts_with('#');
    let delimiter = dialect::delimiter(text.lines().filter(|line| !is_passed(line)));
    let mut reading = Reading {
        table: Table { name, columns: Vec::new(), rows: 0, has_names: false, lines: None, passed: Passed::default() },
        header,
        lines: Vec::new(),
    };
    let comments = comments(&text, delimiter, header);
    let names = reading.commented_header(&text, delimiter, &comments);
    reading.table.passed.comments = comments.iter().copied().filter(|line| Some(*line) != names).collect();
    let text = without(&text, &comments);
    match delimiter {
        Delimiter::Blanks => {
            let mut blank = Vec::new();
            for (line, text) in (1..).zip(text.lines()) {
                if text.trim().is_empty() {
                    blank.push(line);
                } else {
                    reading.pass_over(&mut blank);
                    reading.record(line, text.split_whitespace())?;
                }
            }
        }
        Delimiter::Byte(byte) => reading.delimited(&text, byte)?,
    }
    reading.finish()
}

/// The lines that are comments, from 1: those that begin with `#` above the first row of data. Below it such a line is a row, and so is
/// one that begins with an error of a spreadsheet, or has as many cells as the names and no blank behind its `#`.
fn comments(text: &str, delimiter: Delimiter, header: Header) -> Vec<u64> {
    let mut found = Vec::new();
    let mut names: Option<usize> = None;
    let only_comments = text.lines().all(|line| line.is_empty() || line.starts_with('#'));
    for (at, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let width = dialect::cells(line, delimiter);
        let marked = line.starts_with('#');
        let spaced = line[usize::from(marked)..].starts_with([' ', '\t', '#', '!']) || line == "#";
        if marked
            && !dialect::begins_with_error(line)
            && names.is_none_or(|names| spaced || names == 1 || width != names)
            && (!only_comments || spaced)
        {
            found.push(at);
            continue;
        }
        let cells = || match delimiter {
            Delimiter::Blanks => line.split_whitespace().collect::<Vec<&str>>(),
            Delimiter::Byte(byte) => line.split(byte as char).map(str::trim).collect(),
        };
        let is_names = match header {
            Header::Auto => is_header(cells().into_iter()),
            Header::Yes => true,
            Header::No => false,
        };
        // A quoted cell that goes on in the next line: what follows is not a line of its own.
        let open = line.bytes().filter(|&b| b == b'"').count() % 2 == 1;
        if names.is_some() || !is_names || open {
            break;
        }
        names = Some(width);
    }
    found
}

/// The text with some lines emptied, so that all others keep their numbers.
fn without<'t>(text: &'t str, lines: &[u64]) -> Cow<'t, str> {
    let Some(&last) = lines.last() else { return Cow::Borrowed(text) };
    let mut kept = String::with_capacity(text.len());
    for (at, line) in (1..).zip(text.split_inclusive('\n')) {
        if at > last || lines.binary_search(&at).is_err() {
            kept += line;
        } else {
            kept.push('\n');
        }
    }
    Cow::Owned(kept)
}

/// A table while its records come in.
struct Reading {
    table: Table,
    header: Header,
    lines: Vec<u64>,
}

impl Reading {
    /// Records between quotes and delimiters, with the line on which each begins.
    fn delimited(&mut self, text: &str, delimiter: u8) -> Outcome<()> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(text.as_bytes());
        let mut record = csv::StringRecord::new();
        let (mut line, mut at) = (1_u64, 0_usize);
        let newlines = |text: &str| text.bytes().filter(|&b| b == b'\n').count() as u64;
        loop {
            match reader.read_record(&mut record) {
                Ok(false) => return Ok(()),
                Err(error) => return wrong_file(&self.table.name, error),
                Ok(true) => {}
            }
            let begin = record.position().map_or(at, |position| position.byte() as usize);
            line += newlines(&text[at..begin]);
            // The reader counts blank lines as part of the record after them.
            let start = begin + skipped(&text[begin..]);
            let blank = newlines(&text[begin..start]);
            self.pass_over(&mut (line..line + blank).collect());
            line += blank;
            at = start;
            self.record(line, record.iter().map(str::trim))?;
        }
    }

    /// Blank lines between rows are counted; those above the first row and below the last say nothing.
    fn pass_over(&mut self, blank: &mut Vec<u64>) {
        if self.lines.is_empty() {
            blank.clear();
        }
        self.table.passed.blank.append(blank);
    }

    /// Names in a comment before the first row, as numpy.savetxt writes them; the line they stand on.
    fn commented_header(&mut self, text: &str, delimiter: Delimiter, comments: &[u64]) -> Option<u64> {
        let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
        let (at, comment) = lines.next().filter(|(at, _)| comments.contains(at))?;
        let comment = comment.strip_prefix('#')?;
        let (_, first) = lines.find(|(at, _)| comments.binary_search(at).is_err())?;
        let names: Vec<&str> = match delimiter {
            Delimiter::Blanks => comment.split_whitespace().collect(),
            Delimiter::Byte(byte) => comment.split(byte as char).map(str::trim).collect(),
        };
        let fits = names.len() == dialect::cells(first, delimiter);
        if fits && is_header(names.iter().copied()) && self.header != Header::No {
            self.names(names.into_iter());
            return Some(at);
        }
        None
    }

    fn names<'t>(&mut self, names: impl Iterator<Item = &'t str>) {
        self.table.has_names = true;
        self.table.columns = names.map(|name| Column::new(name.to_string())).collect();
    }

    fn record<'t>(&mut self, line: u64, cells: impl Iterator<Item = &'t str> + Clone) -> Outcome<()> {
        let table = &mut self.table;
        if table.columns.is_empty() {
            let names = match self.header {
                Header::Auto => is_header(cells.clone()),
                Header::Yes => true,
                Header::No => false,
            };
            if names {
                self.names(cells);
                return Ok(());
            }
            table.columns = (1..=cells.clone().count()).map(|k| Column::new(k.to_string())).collect();
        }
        let found = cells.clone().count();
        let expected = table.columns.len();
        if found != expected {
            let than = if table.has_names { "the header" } else { "the first row" };
            return wrong(format_args!(
                "{}, row {line}: it has {}, but {than} has {expected}",
                table.name,
                earthwork_view::format::counted(found, "cell")
            ));
        }
        for (column, cell) in table.columns.iter_mut().zip(cells) {
            column.push(cell);
        }
        self.lines.push(line);
        Ok(())
    }

    fn finish(mut self) -> Outcome<Table> {
        self.table.rows = self.lines.len();
        if self.lines.is_empty() {
            let what =
                if self.table.has_names { "there are no rows below the header" } else { "there are no rows in it" };
            return wrong_file(&self.table.name, what);
        }
        self.table.lines = Some(self.lines);
        let mut seen = HashMap::with_capacity(self.table.columns.len());
        for (at, column) in self.table.columns.iter().enumerate().filter(|(_, column)| !column.name.is_empty()) {
            if let Some(first) = seen.insert(column.name.as_str(), at) {
                let message = format!("columns {} and {} are both called `{}`", first + 1, at + 1, column.name);
                return wrong_file(&self.table.name, message);
            }
        }
        Ok(self.table)
    }
}

/// How many bytes of blank lines `text` begins with.
fn skipped(text: &str) -> usize {
    text.bytes().take_while(|b| matches!(b, b'\n' | b'\r')).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::table::Holds;

    fn read_text(text: &str) -> Outcome<Table> {
        super::table(Source::of("t.csv", text.as_bytes()), Header::Auto)
    }

    #[test]
    fn rows_are_counted_as_an_editor_counts_lines() {
        let read = read_text("\u{feff}# made by hand\n\na,b\n# note\r\n1,2\n\n\n\"x\ny\",3\n5,6").ok().unwrap();
        let lines: Vec<u64> = (0..3).map(|row| read.row_name(row)).collect();
        assert_eq!(lines, [5, 8, 10]);
        assert_eq!(read.place(1, 0), "t.csv, row 8, column `a`");
        assert_eq!(read.columns[0].label(1), "x\ny");
        assert_eq!((&read.passed.comments[..], &read.passed.blank[..]), (&[1, 4][..], &[6, 7][..]));
    }

    #[test]
    fn what_begins_with_a_hash_below_the_first_row_is_data() {
        let labels = |text: &str| -> Vec<String> {
            let read = read_text(text).ok().unwrap();
            (0..read.rows).map(|row| read.columns[0].label(row)).collect()
        };
        assert_eq!(labels("x,y\n1,2\n#N/A,3\n#REF!,7\n9,9\n"), ["1", "#N/A", "#REF!", "9"]);
        // Also where it is the first row, with or without names.
        assert_eq!(labels("x,y\n#DIV/0!,3\n#N/A,4\n9,9\n"), ["#DIV/0!", "#N/A", "9"]);
        assert_eq!(labels("#N/A,3\n5,1\n"), ["#N/A", "5"]);
        assert_eq!(labels("id,x\n#1,3\n#2,4\n"), ["#1", "#2"]);
        assert_eq!(labels("#1,3\n#2,4\n"), ["#1", "#2"]);
        assert_eq!(labels("x\n1\n#N/A\n3\n"), ["1", "#N/A", "3"]);
        assert_eq!(labels("1 2\n#3 4\n"), ["1", "#3"]);
        let message = read_text("a,b\n1,2\n# the end\n").err().map(|failure| format!("{failure:?}")).unwrap();
        assert!(message.contains("row 3: it has 1 cell"), "{message}");
        let commented = read_text("# x y\n# in metres\n1 2\n3 4\n").ok().unwrap();
        assert_eq!((commented.columns[0].name.as_str(), &commented.passed.comments[..]), ("x", &[2][..]));
    }

    #[test]
    fn many_columns_are_read_in_no_time() {
        let names: Vec<String> = (0..200_000).map(|k| format!("c{k}")).collect();
        let text = names.join(",") + "\n" + &vec!["1"; names.len()].join(",") + "\n";
        let start = std::time::Instant::now();
        assert_eq!(read_text(&text).ok().unwrap().columns.len(), names.len());
        // A quadratic check takes minutes.
        assert!(start.elapsed().as_secs() < 30);
    }

    #[test]
    fn columns_know_what_they_hold() {
        let read = read_text("n,t,mixed,none\n1,a,1,NA\nNA,b,x,\n3,c,inf,?\n").ok().unwrap();
        let holds: Vec<Holds> = read.columns.iter().map(Column::holds).collect();
        assert_eq!(holds, [Holds::Numbers, Holds::Text, Holds::Numbers, Holds::Nothing]);
    }

    #[test]
    fn names_in_a_comment_are_names() {
        let read = read_text("# x y\n1 2\n3 4\n").ok().unwrap();
        assert_eq!((read.columns[1].name.as_str(), read.rows, read.has_names), ("y", 2, true));
    }

    #[test]
    fn ragged_rows_and_double_names_are_refused() {
        let message = |text: &str| match read_text(text) {
            Err(crate::failure::Failure::Input(message)) => message,
            _ => panic!("this must be refused"),
        };
        assert_eq!(message("a,b\n1,2\n3\n"), "t.csv, row 3: it has 1 cell, but the header has 2");
        assert_eq!(message("1,2\n3,4,5\n"), "t.csv, row 2: it has 3 cells, but the first row has 2");
        assert_eq!(message("a,a\n1,2\n"), "t.csv: columns 1 and 2 are both called `a`");
        assert_eq!(message("a,b\n"), "t.csv: there are no rows below the header");
    }
}
