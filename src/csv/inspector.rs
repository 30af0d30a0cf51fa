//! Looks for what is odd about the records of a file while they are read.

use std::sync::Arc;

use encoding_rs::UTF_8;

use super::decode::is_iso_2022_jp;
use super::remarks::Remarks;
use super::split::Splitter;
use super::{Dialect, sniff};
use crate::row::{Batch, Header, Record};
use crate::schema::{Kind, Table};

/// Inspects the records of one file.
#[derive(Debug)]
pub struct Inspector {
    /// What was found.
    pub remarks: Remarks,
    table: &'static Table,
    dialect: Dialect,
    header: Arc<Header>,
    /// How many fields a record has if it is as long as the header.
    width: usize,
    /// The indexes of the fields whose columns are of text.
    text_fields: Vec<usize>,
    /// The indexes of the fields with decimal numbers, if their points may separate thousands.
    decimal_fields: Vec<usize>,
    /// Whether the first field is a number.
    begins_with_number: bool,
    /// The names in the header, in its order, and then those of the table's columns.
    names: Vec<Vec<u8>>,
    /// The bytes with which a repeated header, or a line drawn for human readers, may begin.
    starts: [bool; 256],
}

impl Inspector {
    /// An inspector of the records of a table's file, given how it is written.
    pub fn new(table: &'static Table, dialect: &Dialect, header: Arc<Header>) -> Inspector {
        let mut remarks = Remarks::default();
        remarks.has_escapes = dialect.notation.backslash_escapes;
        remarks.ignores_surplus = dialect.ignore_extra_columns;
        let mut inspector = Inspector {
            remarks,
            table,
            dialect: dialect.clone(),
            width: header.width() + usize::from(header.reason.is_some()),
            header: Arc::clone(&header),
            text_fields: Vec::new(),
            decimal_fields: Vec::new(),
            begins_with_number: false,
            names: Vec::new(),
            starts: [false; 256],
        };
        let names = header.given.iter().map(|name| cell(name).to_vec());
        let columns = table.columns.iter();
        let columns = columns.map(|column| dialect.header_name(table, column.name).into());
        inspector.names = names.chain(columns).collect();
        let names = inspector.names.iter().filter_map(|name| name.first());
        for byte in names.chain(b"\"-( \t") {
            inspector.starts[usize::from(byte.to_ascii_lowercase())] = true;
            inspector.starts[usize::from(byte.to_ascii_uppercase())] = true;
        }
        let has_other_points =
            b";\t|".contains(&dialect.separator()) && dialect.notation.decimal == '.';
        for (column, field) in table.columns.iter().zip(&header.columns) {
            match column.kind {
                _ if *field == usize::MAX => continue,
                Kind::Real | Kind::Numeric if has_other_points => {
                    inspector.decimal_fields.push(*field)
                }
                kind if kind.is_text() => inspector.text_fields.push(*field),
                _ => {}
            }
            inspector.begins_with_number |= *field == 0 && column.kind.is_number();
        }
        inspector.remarks.has_texts = !inspector.text_fields.is_empty();
        inspector
    }

    /// Inspects the last record of a batch, which has just been split and has no defect, given the line where it starts
    /// and how many lines end in it.
    pub fn inspect(
        &mut self,
        batch: &Batch,
        record: &[u8],
        splitter: &Splitter,
        line: u64,
        line_ends: u64,
    ) {
        if splitter.fields() == self.width {
            self.remarks.even_rows = true;
        } else {
            self.note_length(batch.record(batch.len() - 1), splitter.fields());
        }
        if let Some(first) = record.first()
            && self.starts[usize::from(*first)]
        {
            self.look_for_other_lines(record, splitter, line);
        }
        if splitter.has_quotes() || splitter.has_empty_fields() {
            self.look_at_quotes(record, splitter);
        }
        if matches!(self.dialect.separator(), b'\t' | b'|') {
            self.remarks.unquoted_rows |= !splitter.has_quotes();
        }
        if !self.decimal_fields.is_empty() && !self.remarks.decimal_points {
            self.look_at_points(record, splitter);
        }
        if line_ends > 0 && splitter.has_quotes() && self.has_rows_in_quotes(record) {
            self.remarks.add_rows_in_quotes(line, line + line_ends);
        }
    }

    /// Inspects all records of a batch that the file's reader has filled.
    pub fn inspect_batch(&mut self, batch: &Batch, splitter: &Splitter) {
        let notation = &self.dialect.notation;
        let delimiter = self.dialect.separator();
        let is_meant = notation.backslash_escapes || notation.null.iter().any(|null| null == "\\N");
        if !is_meant {
            self.remarks.look_for_escapes(batch.text(), delimiter);
        }
        self.remarks.iso_2022_jp = self.remarks.iso_2022_jp
            || notation.encoding == UTF_8.name() && is_iso_2022_jp(batch.text());
        let may_be_null = notation.null.is_empty();
        self.remarks.look_at_cells(batch, may_be_null);
        self.remarks.padded_quotes = splitter.has_padded_quotes();
        self.remarks.stray_quotes = splitter.has_stray_quotes();
        self.remarks.plain_backslashes |= splitter.has_unusual_escapes();
    }

    /// Notes the length of a record that does not have as many fields as the header.
    fn note_length(&mut self, record: Record, fields: usize) {
        let remarks = &mut self.remarks;
        if fields < self.width {
            remarks.other_lengths = true;
            return;
        }
        let mut surplus = record.fields().skip(self.header.width()).peekable();
        let is_empty = surplus.peek().is_some() && surplus.all(<[u8]>::is_empty);
        remarks.empty_surplus |= is_empty;
        remarks.one_field_more |= !is_empty && fields == self.width + 1;
        remarks.other_lengths |= fields > self.width + 1;
    }

    /// Notes which cells are empty, NULL or needlessly quoted, and which are not quoted at all.
    fn look_at_quotes(&mut self, record: &[u8], splitter: &Splitter) {
        let (remarks, notation) = (&mut self.remarks, &self.dialect.notation);
        remarks.needless_quotes = remarks.needless_quotes
            || splitter.has_quotes() && splitter.has_needless_quotes(record);
        if notation.has_null() {
            let nulls = &notation.null;
            let is_null = |cell: &[u8]| nulls.iter().any(|null| null.as_bytes() == cell);
            remarks.quoted_null |= !remarks.quoted_null
                && splitter.has_quotes()
                && splitter.quoted(record).any(is_null);
        } else if !(remarks.quoted_empty && remarks.bare_empty) {
            for index in &self.text_fields {
                if let Some(field) = splitter.field(*index) {
                    remarks.bare_empty |= field.is_empty();
                    remarks.quoted_empty |= &record[field] == b"\"\"";
                }
            }
        }
    }

    /// Notes how numbers are written in a file that may be from a country that uses decimal commas.
    fn look_at_points(&mut self, record: &[u8], splitter: &Splitter) {
        let remarks = &mut self.remarks;
        let fields = self.decimal_fields.iter();
        for field in fields.filter_map(|index| splitter.field(*index)) {
            let cell = record[field].trim_ascii();
            if let Some(point) = memchr::memchr(b'.', cell) {
                let (whole, digits) = (&cell[..point], &cell[point + 1..]);
                let is_grouped = digits
                    .split(|byte| *byte == b'.')
                    .all(|group| group.len() == 3);
                let is_grouped = is_grouped && (1..=3).contains(&whole.len()) && whole != b"0";
                remarks.grouped_numbers |= is_grouped;
                remarks.decimal_points |= !is_grouped;
            }
        }
    }

    /// Notes a record that is not a row: a repeated header, or a line drawn for human readers.
    fn look_for_other_lines(&mut self, record: &[u8], splitter: &Splitter, line: u64) {
        let cells = || splitter.found().map(|field| cell(&record[field]));
        let width = self.header.given.len();
        if splitter.fields() != width {
            return;
        }
        let is_name = |cell: &[u8]| {
            let mut names = self.names.iter();
            names.any(|name| name.eq_ignore_ascii_case(cell))
        };
        if width > 1 && !self.dialect.no_header && cells().next().is_some_and(is_name) {
            let pairs = cells().zip(&self.names);
            let repeated = pairs.filter(|(cell, name)| name.eq_ignore_ascii_case(cell));
            let repeated = repeated.count();
            if repeated == width {
                self.remarks.header_again.get_or_insert(line);
            } else if cells().all(is_name) || repeated > 1 && !cells().any(sniff::has_number) {
                self.remarks.other_header.get_or_insert(line);
            }
        }
        let is_rule = |cell: &[u8]| !cell.is_empty() && cell.iter().all(|byte| *byte == b'-');
        let is_drawn = record.starts_with(b"--") && cells().all(is_rule)
            || width == 1 && is_number_of_rows(record);
        if is_drawn {
            self.remarks.drawn.get_or_insert(line);
        }
    }

    /// Whether every line of a record would be a row of its own if quotes had no meaning, or any line after the first
    /// begins like a row.
    fn has_rows_in_quotes(&self, record: &[u8]) -> bool {
        let delimiter = self.dialect.separator();
        // A line with more fields is not a row, and there may be millions of fields.
        let most = self.header.width() + 2;
        let lines = record.split(|byte| matches!(byte, b'\n' | b'\r'));
        let lines = lines.filter(|line| !line.is_empty());
        let begins_as_row = |line: &[u8]| {
            let end = memchr::memchr(delimiter, line);
            end.is_some_and(|end| self.begins_with_number && sniff::has_number(&line[..end]))
        };
        let is_row = |line: &[u8]| {
            let fields = line.split(|byte| *byte == delimiter).take(most);
            sniff::is_row(self.table, &self.header, &fields.collect::<Vec<_>>())
        };
        self.header.width() > 1 && (lines.clone().all(is_row) || lines.skip(1).any(begins_as_row))
    }
}

/// What a field holds without the quotes and the white space around it.
fn cell(field: &[u8]) -> &[u8] {
    let cell = field.trim_ascii();
    let quoted = cell
        .strip_prefix(b"\"")
        .and_then(|cell| cell.strip_suffix(b"\""));
    quoted.unwrap_or(cell).trim_ascii()
}

/// Whether a line is what shells write below a table, such as `(2 rows affected)`.
fn is_number_of_rows(line: &[u8]) -> bool {
    let inner = line
        .strip_prefix(b"(")
        .and_then(|line| line.strip_suffix(b")"));
    inner.is_some_and(|inner| {
        let digits = inner
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        digits > 0 && inner[digits..].starts_with(b" row")
    })
}
