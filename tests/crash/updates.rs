//! A load with `--update` is killed, fails or loses power at any call. Each stored row is the old or the new one then, none
//! dangles, the report is true, and running it again completes it.

use std::collections::HashMap;

use crate::crash::power::PowerCuts;
use crate::crash::stored::{Rows, Stored};
use crate::crash::{Mode, at_each_moment, fault, ready};
use crate::kit::stored::row;
use crate::kit::{BUILT_IN, Folder, Run, TABLES, header, say};

/// How many rows of each table are stored before.
const STORED: usize = 30;

/// Every so-manieth row changes; its order goes to a user that is new.
const EVERY: usize = 3;

/// How many rows there are afterwards: a new one for each that changes.
const ROWS: usize = STORED + STORED / EVERY;

const UPDATE: &[&str] = &[
    "insert", "--format", "json", "--limit", "1000", "--from", "input", "--update",
];

/// A folder in which the old rows are stored, and the files with the new ones beside it.
fn old() -> Folder {
    let folder = Folder::with_csv(texts(STORED, |_| false));
    folder.insert(&["--from", "input"]).succeeded();
    folder.give("input", texts(ROWS, is_changed));
    folder
}

fn is_changed(id: usize) -> bool {
    id.is_multiple_of(EVERY) && id <= STORED
}

/// CSV files with so many rows each, some of them changed.
fn texts(rows: usize, is_changed: impl Fn(usize) -> bool) -> [String; 3] {
    let mut texts = [0, 1, 2].map(|table| header(table).to_string() + "\n");
    for id in 1..=rows {
        let (name, user) = if is_changed(id) {
            ("New", STORED + id / EVERY)
        } else {
            ("Old", id)
        };
        texts[0] += &format!("{id},{name} {id},u{id}@b.co\n");
        texts[1] += &format!("{id},{name} {id},{id}.25\n");
        texts[2] += &format!("{id},{user},{id},{id}\n");
    }
    texts
}

/// The rows that change, as they are stored before and after.
fn replaced() -> [HashMap<String, String>; 3] {
    let [before, after] = [texts(STORED, |_| false), texts(STORED, is_changed)];
    [0, 1, 2].map(|table| {
        let rows = |texts: &[String; 3]| texts[table].replace(',', "|");
        let (before, after) = (rows(&before), rows(&after));
        let pairs = before.lines().zip(after.lines());
        let pairs = pairs.filter(|(old, new)| old != new);
        pairs.map(|(old, new)| (old.into(), new.into())).collect()
    })
}

/// Each row that was stored is there, or what replaces it. Nothing else is there but new rows.
fn is_old_or_new(stored: &Stored) {
    let replaced = replaced();
    let after = texts(ROWS, is_changed);
    let before = texts(STORED, |_| false);
    for (table, rows) in stored.0.iter().enumerate() {
        let [before, after] = [&before, &after].map(|texts| texts[table].replace(',', "|"));
        for old in before.lines().skip(1) {
            let new = replaced[table].get(old);
            let versions =
                usize::from(rows.has(old)) + usize::from(new.is_some_and(|it| rows.has(it)));
            assert_eq!(versions, 1, "{old} of {}", TABLES[table]);
        }
        for row in rows.different() {
            let is_known = [&before, &after]
                .iter()
                .any(|text| text.lines().any(|line| line == row));
            assert!(is_known, "{row} of {}", TABLES[table]);
        }
    }
}

/// Running it again stores all new rows, and running it a third time finds nothing to do.
fn completes(folder: &Folder) {
    folder.load(&["--update"]).succeeded();
    let new = [0, 1, 2].map(|table| {
        let text = texts(ROWS, is_changed)[table].replace(',', "|");
        Rows::from_iter(text.lines().skip(1).map(String::from))
    });
    assert_eq!(Stored::read(folder), Stored(new));
    let third = folder.load(&["--update"]).succeeded();
    assert_eq!(third.counts(), [[0, ROWS as u64, 0, 0]; 3]);
}

/// What is reported as inserted, updated or unchanged is stored, and so many rows have changed as the report says, apart
/// from those that a failed sync may have taken.
fn is_true(run: &Run, before: &Stored, after: &Stored) {
    if run.report["tables"].is_null() {
        // A process that was killed says nothing.
        let is_as_before = run.status.is_none() || before == after;
        assert!(is_as_before, "no report, and something was stored");
        return;
    }
    for (table, name) in TABLES.into_iter().enumerate() {
        let (before, after) = (&before.0[table], &after.0[table]);
        for list in ["rows", "updated_rows", "unchanged_rows"] {
            let listed = Rows::from_iter(run.list(name, list).iter().map(row));
            assert_eq!(listed.without(after), Rows::default(), "{list} of {name}");
        }
        let said = (run.count(name, "inserted") + run.count(name, "updated")) as usize;
        let reasons = run.reasons(name, "failed").into_iter();
        let lost = reasons.filter(|reason| reason.contains(" could not be made durable: "));
        let possible = said..=said + lost.count();
        let changed = after.without(before).len();
        assert!(
            possible.contains(&changed),
            "{name}: {changed} and not {possible:?}"
        );
        let failed = run.count(name, "failed");
        assert!(
            failed == 0 || run.status == Some(1),
            "{failed} rows of {name} failed"
        );
    }
}

/// Lets something happen at the calls of a class, every `step`-th of them, and looks at what is left.
fn each(class: &'static str, mode: Mode, step: usize) -> usize {
    let old = old();
    let before = Stored::read(&old);
    let tried = at_each_moment(step, |at| {
        let folder = old.copy();
        let ran = folder.faulty(UPDATE, fault(class, at, mode));
        let stored = Stored::read(&folder);
        is_old_or_new(&stored);
        is_true(&ran.run, &before, &stored);
        completes(&folder);
        ran.hit
    });
    tried.moments
}

#[test]
fn an_update_that_is_killed_at_any_call_leaves_old_or_new_rows() {
    if !ready() {
        return;
    }
    let kills = each("any", Mode::Kill, 20) + each("write", Mode::Torn, 20);
    say(&format!("kills of updates: {kills}"));
    assert!(kills >= 15, "only {kills} kills");
}

#[test]
fn the_report_of_an_update_in_which_any_call_fails_is_true() {
    if !ready() {
        return;
    }
    let mut faults = 0;
    for mode in [Mode::Once("EIO"), Mode::Always("ENOSPC")] {
        faults += each("write", mode, 20) + each("sync", mode, 12);
    }
    say(&format!("faults during updates: {faults}"));
    assert!(faults >= 15, "only {faults} faults");
}

#[test]
fn a_power_cut_at_any_point_of_an_update_leaves_old_or_new_rows() {
    if !ready() {
        return;
    }
    let mut states = 0;
    for threads in ["64", "3", "1"] {
        let folder = old();
        assert_eq!(folder.subject.name, BUILT_IN.name);
        let mut cuts = PowerCuts::of(&folder);
        cuts.replaced = replaced();
        let arguments = [UPDATE, &["--threads", threads]].concat();
        let ran = folder.logged(&arguments, None);
        cuts.examine(&ran.log).unwrap();
        let run = ran.run.succeeded();
        let changed = (STORED / EVERY) as u64;
        for table in TABLES {
            assert_eq!(run.count(table, "updated"), changed, "{table}");
        }
        states += cuts.states();
    }
    say(&format!("states examined in an update: {states}"));
    assert!(states >= 100, "only {states} states");
}
