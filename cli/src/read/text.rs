//! Text tables, record by record: names, delimiters, and the line on which each row stands.

use crate::args::Header;
use crate::failure::{Outcome, wrong, wrong_file};
use crate::read::dialect::{self, Delimiter, is_header};
use crate::read::source::Source;
use crate::read::table::{Column, Table};

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
    let delimiter = dialect::delimiter(text.lines().filter(is_data));
    let mut reading = Reading {
        table: Table { name, columns: Vec::new(), rows: 0, has_names: false, lines: None },
        header,
        lines: Vec::new(),
    };
    reading.commented_header(&text, delimiter);
    match delimiter {
        Delimiter::Blanks => {
            for (at, line) in text.lines().enumerate().filter(|(_, line)| is_data(line)) {
                reading.record(at as u64 + 1, line.split_whitespace())?;
            }
        }
        Delimiter::Byte(byte) => reading.delimited(&text, byte)?,
    }
    reading.finish()
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
            .comment(Some(b'#'))
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
            let start = record.position().map_or(at, |position| position.byte() as usize);
            // The reader counts blank lines and comments as part of the record after them.
            let start = start + skipped(&text[start..]);
            line += newlines(&text[at..start]);
            at = start;
            self.record(line, record.iter().map(str::trim))?;
        }
    }

    /// Names in a comment before the first row, as numpy.savetxt writes them.
    fn commented_header(&mut self, text: &str, delimiter: Delimiter) {
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let Some(comment) = lines.next().and_then(|line| line.strip_prefix('#')) else { return };
        let Some(first) = lines.find(|line| !line.starts_with('#')) else { return };
        let names: Vec<&str> = match delimiter {
            Delimiter::Blanks => comment.split_whitespace().collect(),
            Delimiter::Byte(byte) => comment.split(byte as char).map(str::trim).collect(),
        };
        let fits = names.len() == dialect::cells(first, delimiter);
        if fits && is_header(names.iter().copied()) && self.header != Header::No {
            self.names(names.into_iter());
        }
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
                crate::format::counted(found, "cell")
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
        let columns = &mut self.table.columns;
        for at in 0..columns.len() {
            if let Some(first) = columns[..at].iter().position(|c| !c.name.is_empty() && c.name == columns[at].name) {
                let message = format!("columns {} and {} are both called `{}`", first + 1, at + 1, columns[at].name);
                return wrong_file(&self.table.name, message);
            }
        }
        Ok(self.table)
    }
}

/// How many bytes of blank lines and comments `text` begins with.
fn skipped(text: &str) -> usize {
    let mut at = 0;
    loop {
        let rest = &text[at..];
        if rest.starts_with('#') {
            at += rest.find('\n').map_or(rest.len(), |end| end + 1);
        } else if rest.starts_with(['\n', '\r']) {
            at += 1;
        } else {
            return at;
        }
    }
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
        let read = read_text("\u{feff}# made by hand\n\na,b\n1,2\n\n# note\r\n\"x\ny\",3\n5,6").ok().unwrap();
        let lines: Vec<u64> = (0..3).map(|row| read.row_name(row)).collect();
        assert_eq!(lines, [4, 7, 9]);
        assert_eq!(read.place(1, 0), "t.csv, row 7, column `a`");
        assert_eq!(read.columns[0].label(1), "x\ny");
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
