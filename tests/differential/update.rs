//! A load with `--update` of files in which some cells have changed.

use std::collections::HashMap;

use super::kit::Run;
use super::oracle::answer;
use super::program::{Trial, as_listed, listed};
use super::schema::{Case, Table};

/// In each column, one in this many records gets the cell of the next one.
const EVERY: usize = 3;

/// The same tables, with some cells in another record. Keys stay where they are.
fn changed(case: &Case) -> Case {
    let mut case = case.clone();
    for table in &mut case.tables {
        let Some(file) = &mut table.file else {
            continue;
        };
        let key = table.primary.as_ref().map_or(&[][..], |key| &key.columns);
        let cells = file.header.iter().enumerate();
        let cells: Vec<usize> = cells
            .filter(|(_, column)| !key.contains(column))
            .map(|(cell, _)| cell)
            .collect();
        for cell in cells {
            let rows = file.records.iter().filter(|record| cell < record.len());
            let mut next: Vec<_> = rows.map(|record| record[cell].clone()).collect();
            let first = 1.min(next.len());
            next.rotate_left(first);
            let rows = file.records.iter_mut().filter(|record| cell < record.len());
            let changing = rows.zip(next).skip(cell % EVERY).step_by(EVERY);
            changing.for_each(|(record, next)| record[cell] = next);
        }
    }
    case
}

/// The multiset difference: `all` without `others`.
fn without(all: &[String], others: &[String]) -> Vec<String> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for row in others {
        *counts.entry(row).or_default() += 1;
    }
    let mut is_left = |row: &&String| match counts.get_mut(row.as_str()) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    all.iter().filter(&mut is_left).cloned().collect()
}

impl Trial<'_> {
    /// Loads changed files with `--update` until nothing changes any more: what a row gives up is free in the next load.
    /// Each load changes what it reports and nothing else, and all rules hold afterwards.
    pub fn update(&mut self) {
        let case = changed(self.case);
        self.give(&case);
        let most = case.tables.iter().map(|table| table.records().len());
        for load in 0..=most.sum() {
            let what = format!("update {}", load + 1);
            let before = self.listed();
            let run = self.insert(&["--update"]);
            if !self.succeeded(&what, &run) {
                return;
            }
            let after = self.listed();
            let mut changes = 0;
            for (index, table) in case.tables.iter().enumerate() {
                changes += self.compare_update(&what, &run, table, &before[index], &after[index]);
            }
            let check = self.run(&["check", "--format", "json"]);
            self.succeeded(&format!("check after {what}"), &check);
            if changes == 0 {
                return self.is_updated(&case, &after);
            }
            if !self.mismatches.is_empty() {
                return;
            }
        }
        self.mismatches.push("every update changes rows".into());
    }

    /// Where no unique value keeps a row out, all rows are stored that a load into new databases would store.
    fn is_updated(&mut self, case: &Case, after: &[Vec<String>]) {
        let answer = answer(case, None);
        let mut rows = answer.tables.iter().flat_map(|table| &table.rows);
        if case.tables.iter().any(|table| !table.uniques.is_empty()) || rows.any(|row| row.open) {
            return;
        }
        // A parent may exist only in the old files. With it, a different one of two rows with the same key may be the
        // first valid one.
        let is_same: Vec<_> = (answer.tables.iter().zip(after))
            .map(|(right, after)| right.stored.len() == after.len())
            .collect();
        for ((table, right), after) in case.tables.iter().zip(&answer.tables).zip(after) {
            if !table
                .references
                .iter()
                .all(|reference| is_same[reference.parent])
            {
                continue;
            }
            let missing = without(&as_listed(&right.stored), after);
            self.expect(missing.is_empty(), || {
                format!("updates: {} lacks {missing:?}", table.name)
            });
        }
    }

    /// Compares what is said of a table with what is stored, and returns how many rows have changed.
    fn compare_update(
        &mut self,
        what: &str,
        run: &Run,
        table: &Table,
        before: &[String],
        after: &[String],
    ) -> usize {
        let name = &table.name;
        let outcomes = ["inserted", "updated", "unchanged", "skipped", "failed"];
        let counts = outcomes.map(|outcome| run.count(name, outcome) as usize);
        let [inserted, updated, .., failed] = counts;
        let records = table.records().len();
        self.expect(
            counts.iter().sum::<usize>() == records && failed == 0,
            || format!("{what}: {name}: {outcomes:?} are {counts:?} of {records} records"),
        );
        let lists = ["rows", "updated_rows", "unchanged_rows"];
        let rows = lists.iter().flat_map(|list| run.list(name, list));
        let rows: Vec<_> = rows.map(|row| listed(row, table)).collect();
        let missing = without(&rows, after);
        self.expect(missing.is_empty(), || {
            format!("{what}: {name} lists rows that are not stored: {missing:?}")
        });
        let lists = [without(after, before), without(before, after)].map(|rows| rows.len());
        self.expect(lists == [inserted + updated, updated], || {
            format!("{what}: {name}: {lists:?} rows are new and gone, not {counts:?}")
        });
        inserted + updated
    }

    /// The stored rows of each table, as the report lists them.
    fn listed(&self) -> Vec<Vec<String>> {
        self.stored().iter().map(|rows| as_listed(rows)).collect()
    }
}
