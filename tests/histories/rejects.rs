//! What a load has written to its rejects, and what it should have.

use std::collections::BTreeMap;

use crate::draw::Record;
use crate::model::Expected;

/// Rejected records with their reasons, each as often as it is there.
pub type Rejects = BTreeMap<(usize, Record), String>;

/// The rejects in a file, numbered among those that are equal.
pub fn rejected(file: &[u8]) -> Rejects {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
    let records = reader.records().map(|record| {
        let mut fields: Record = record.unwrap().iter().map(String::from).collect();
        let reason = fields.pop().unwrap();
        (fields, reason)
    });
    numbered(records.collect())
}

/// The rejects that a table should have.
pub fn rejects_of(records: Option<&[Record]>, expected: &Expected, table: usize) -> Rejects {
    let reasons = expected.skipped.iter().chain(&expected.failed);
    let records = reasons.map(|(line, reason)| {
        let mut record = records.expect("a file")[line - 2].clone();
        record.resize(record.len().max([3, 3, 4][table]), String::new());
        (record, reason.clone())
    });
    numbered(records.collect())
}

fn numbered(mut records: Vec<(Record, String)>) -> Rejects {
    records.sort();
    let records = records.into_iter().enumerate();
    records
        .map(|(place, (record, reason))| ((place, record), reason))
        .collect()
}
