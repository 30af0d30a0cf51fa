//! Random histories of user-defined tables, in one file per table and in a single file: text keys, a table that refers
//! to itself, a key of two columns, and a table without a key. A load that is killed or interrupted and then run again
//! must store the same rows as an undisturbed load.

use std::env;

use proptest::bool::weighted;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use rusqlite::Connection;

use crate::kit::run::{interrupt, kill};
use crate::kit::stored::row;
use crate::kit::{Folder, ONE_FILE, Run, Subject, USER_TABLES, say};
use crate::stored::{Rows, Stored};

/// How many histories are performed for each layout, unless `PROPTEST_CASES` says otherwise.
const HISTORIES: u32 = 20;

/// How many different codes places have. They are few, so that codes often clash.
const PLACES: usize = 30;

/// A load. A signal may cut it off: which one, and the table and the number of rows that have been added to it by then.
#[derive(Debug, Clone)]
struct Load {
    files: [Vec<String>; 3],
    update: bool,
    threads: usize,
    cut: Option<(Signal, usize, usize)>,
}

#[derive(Debug, Clone, Copy)]
enum Signal {
    Kill,
    Interrupt,
}

fn load() -> impl Strategy<Value = Load> {
    let place = (1..=PLACES, 0..3_usize, weighted(0.1), 0..=PLACES);
    let place = place.prop_map(|(code, version, clashes, within)| {
        let name = if clashes { within } else { code * 3 + version };
        let within = if within == 0 {
            String::new()
        } else {
            format!("p{within}")
        };
        format!("p{code},Name {name},{within}")
    });
    let stock = (
        1..=PLACES,
        1..4_usize,
        select(vec!["1", "2", "3", "0", "x"]),
    );
    let stock = stock.prop_map(|(code, sku, quantity)| format!("p{code},s{sku},{quantity}"));
    let moves = (
        1..=PLACES,
        1..4_usize,
        select(vec!["1", "2", ""]),
        select(vec!["in", "out", "", "refused"]),
    );
    let moves =
        moves.prop_map(|(code, sku, pieces, note)| format!("p{code},s{sku},{pieces},{note}"));
    let signal = select(vec![Signal::Kill, Signal::Kill, Signal::Interrupt]);
    let cut = option::weighted(0.5, (signal, 0..3_usize, 0..20_usize));
    (
        (vec(place, 0..80), vec(stock, 0..80), vec(moves, 0..80)),
        weighted(1.0 / 3.0),
        select(vec![1, 2, 5, 64]),
        cut,
    )
        .prop_map(|((places, stock, moves), update, threads, cut)| Load {
            files: [places, stock, moves],
            update,
            threads,
            cut,
        })
}

impl Load {
    /// Writes its files, and returns the arguments that load them.
    fn arguments(&self, folder: &Folder) -> Vec<String> {
        for (table, lines) in folder.subject.tables.iter().zip(&self.files) {
            let text = format!("{}\n{}\n", table.header, lines.join("\n"));
            folder.csv("input", table.name, text);
        }
        let arguments = "insert --format json --from input --limit 1000 --threads";
        let mut arguments: Vec<_> = arguments.split(' ').map(String::from).collect();
        arguments.push(self.threads.to_string());
        arguments.extend(self.update.then(|| "--update".to_string()));
        arguments
    }

    fn run(&self, folder: &Folder) -> Run {
        let arguments = self.arguments(folder);
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        Run::of(&mut folder.tradexa(&arguments))
    }

    /// Runs it until it is cut off, or to its end.
    fn run_until(&self, folder: &Folder, (signal, table, rows): (Signal, usize, usize)) -> Run {
        let arguments = self.arguments(folder);
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let enough = count(folder, table) + rows;
        let is_enough = || count(folder, table) >= enough;
        folder.run_until(&arguments, is_enough, |process| match signal {
            Signal::Kill => kill(process),
            Signal::Interrupt => interrupt(process),
        })
    }
}

/// How many rows a table has now.
fn count(folder: &Folder, table: usize) -> usize {
    let name = folder.subject.tables[table].name;
    let path = folder.path().join(folder.subject.database(name));
    let connection = Connection::open(path).unwrap();
    let sql = format!("SELECT count(*) FROM {name}");
    connection
        .query_row(&sql, [], |row| row.get::<_, u32>(0))
        .unwrap_or_default() as usize
}

/// The rows that the report lists are stored, and nothing else has changed.
fn assert_report_is_accurate(
    run: &Run,
    load: &Load,
    subject: &Subject,
    before: &Stored,
    after: &Stored,
) {
    let tables = subject.tables.iter().zip(&load.files);
    let changes = before.0.iter().zip(&after.0);
    for ((table, lines), (before, after)) in tables.zip(changes) {
        let name = table.name;
        let outcomes = ["inserted", "updated", "unchanged", "skipped", "failed"];
        let counts = outcomes.map(|outcome| run.count(name, outcome) as usize);
        let [inserted, updated, ..] = counts;
        if run.report["interrupted"] == false {
            assert_eq!(
                counts.iter().sum::<usize>(),
                lines.len(),
                "{name}: {counts:?}"
            );
        }
        let changed = [after.without(before).len(), before.without(after).len()];
        assert_eq!(changed, [inserted + updated, updated], "{name}: {counts:?}");
        let listed = ["rows", "updated_rows", "unchanged_rows"];
        let listed = listed.iter().flat_map(|list| run.list(name, list));
        let listed = Rows::from_iter(listed.map(row));
        assert_eq!(listed.without(after), Rows::default(), "{name}");
    }
}

/// Performs the loads of a history one after another. Returns how many of them were cut off.
fn perform(subject: &'static Subject, loads: &[Load]) -> usize {
    let mut folder = Folder::empty(subject);
    let mut before = Stored::read(&folder);
    let mut unfinished = 0;
    for load in loads {
        let undisturbed = folder.copy();
        let run = load.run(&undisturbed);
        let after = Stored::read(&undisturbed);
        assert_report_is_accurate(&run, load, subject, &before, &after);
        assert_eq!(undisturbed.check(&[]).status, Some(0));
        if let Some(cut) = load.cut {
            let run = load.run_until(&folder, cut);
            let partly = Stored::read(&folder);
            unfinished += usize::from(partly != after);
            if !run.report["tables"].is_null() {
                assert_report_is_accurate(&run, load, subject, &before, &partly);
            }
            let either = before
                .0
                .iter()
                .zip(&after.0)
                .map(|(before, after)| before.or(after));
            for (partly, either) in partly.0.iter().zip(either) {
                assert_eq!(partly.without(&either), Rows::default());
            }
            load.run(&folder);
            // What the first part of an update gives up is free for the second.
            if !load.update {
                assert_eq!(Stored::read(&folder), after);
            }
            assert_eq!(folder.check(&[]).status, Some(0));
        } else {
            folder = undisturbed;
        }
        before = Stored::read(&folder);
        if !load.update {
            let again = load.run(&folder);
            assert_report_is_accurate(&again, load, subject, &before, &before);
        }
    }
    unfinished
}

fn perform_many(subject: &'static Subject) {
    let asked_for = env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    let config = Config {
        cases: asked_for.unwrap_or(HISTORIES),
        failure_persistence: None,
        max_shrink_time: 120_000,
        ..Config::default()
    };
    let unfinished = std::cell::Cell::new(0);
    let performed = TestRunner::new(config.clone()).run(&vec(load(), 1..6), |loads| {
        unfinished.set(unfinished.get() + perform(subject, &loads));
        Ok(())
    });
    if let Err(error) = performed {
        panic!("{}: {error}", subject.name);
    }
    let (cases, unfinished) = (config.cases, unfinished.get());
    say(&format!(
        "{}: {cases} histories, with {unfinished} loads cut off",
        subject.name
    ));
    assert!(cases < HISTORIES || unfinished > 0, "no load was cut off");
}

#[test]
fn loads_of_own_tables_that_are_cut_off_are_completed_in_any_history() {
    perform_many(&USER_TABLES);
}

#[test]
fn loads_into_one_file_that_are_cut_off_are_completed_in_any_history() {
    perform_many(&ONE_FILE);
}
