//! The rejects that a load has written, and those that it should have written.

use std::collections::BTreeMap;

use crate::history::Record;
use crate::model::Outcomes;

/// Rejected records and their reasons. The number keeps equal records apart.
pub type Rejects = BTreeMap<(usize, Record), String>;

/// The rejects in a file.
pub fn rejects_in(file: &[u8]) -> Rejects {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
    let records = reader.records().map(|record| {
        let mut fields: Record = record.unwrap().iter().map(String::from).collect();
        let reason = fields.pop().unwrap();
        (fields, reason)
    });
    numbered(records.collect())
}

/// The rejects that a table should have.
pub fn expected_rejects(records: Option<&[Record]>, expected: &Outcomes) -> Rejects {
    let reasons = expected.skipped.iter().chain(&expected.failed);
    let records =
        reasons.map(|(line, reason)| (records.expect("a file")[line - 2].clone(), reason.clone()));
    numbered(records.collect())
}

fn numbered(mut records: Vec<(Record, String)>) -> Rejects {
    records.sort();
    let records = records.into_iter().enumerate();
    records
        .map(|(index, (record, reason))| ((index, record), reason))
        .collect()
}
