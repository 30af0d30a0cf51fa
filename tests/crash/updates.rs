//! A load with `--update` is killed, fails or loses power at any call. Each stored row is the old or the new one then, none
//! dangles, the report is true, and running it again completes it.

use std::collections::HashMap;

use crate::crash::power::PowerCuts;
use crate::crash::stored::{Rows, Stored};
use crate::crash::{Mode, at_each_moment, fault, ready};
use crate::kit::stored::row;
use crate::kit::{Folder, Run, SUBJECTS, Subject, say};

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
fn old(subject: &'static Subject) -> Folder {
    let folder = Folder::empty(subject);
    folder.give("input", texts(subject, STORED, |_| false));
    folder.load(&[]).succeeded();
    folder.give("input", texts(subject, ROWS, is_changed));
    folder
}

fn is_changed(id: usize) -> bool {
    id.is_multiple_of(EVERY) && id <= STORED
}

/// CSV files with so many rows each, some of them changed.
fn texts(subject: &Subject, rows: usize, is_changed: impl Fn(usize) -> bool) -> [String; 3] {
    let mut texts = (subject.tables.each_ref()).map(|table| table.header.to_string() + "\n");
    for id in 1..=rows {
        let is_changed = is_changed(id);
        let name = if is_changed { "New" } else { "Old" };
        let new = STORED + id / EVERY;
        let lines = if subject.schema.is_none() {
            let user = if is_changed { new } else { id };
            [
                format!("{id},{name} {id},u{id}@b.co"),
                format!("{id},{name} {id},{id}.25"),
                format!("{id},{user},{id},{id}"),
            ]
        } else {
            // Places that change are within new ones, which come later, and these within old ones.
            let within = match id {
                _ if is_changed => new,
                _ if id > STORED => id - STORED,
                _ => (id - 1).max(1),
            };
            let quantity = if is_changed { id + 100 } else { id };
            [
                format!("p{id},{name} {id},p{within}"),
                format!("p{id},s{id},{quantity}"),
                format!("p{id},s{id},{id},in"),
            ]
        };
        for (text, line) in texts.iter_mut().zip(lines) {
            *text += &(line + "\n");
        }
    }
    texts
}

/// The rows that change, as they are stored before and after.
fn replaced(subject: &Subject) -> [HashMap<String, String>; 3] {
    let before = texts(subject, STORED, |_| false);
    let after = texts(subject, STORED, is_changed);
    [0, 1, 2].map(|table| {
        let rows = |texts: &[String; 3]| texts[table].replace(',', "|");
        let (before, after) = (rows(&before), rows(&after));
        let pairs = before.lines().zip(after.lines());
        let pairs = pairs.filter(|(old, new)| old != new);
        pairs.map(|(old, new)| (old.into(), new.into())).collect()
    })
}

/// Each row that was stored is there, or what replaces it. Nothing else is there but new rows.
fn is_old_or_new(subject: &Subject, stored: &Stored) {
    let replaced = replaced(subject);
    let after = texts(subject, ROWS, is_changed);
    let before = texts(subject, STORED, |_| false);
    for (table, rows) in stored.0.iter().enumerate() {
        let [before, after] = [&before, &after].map(|texts| texts[table].replace(',', "|"));
        for old in before.lines().skip(1) {
            let new = replaced[table].get(old);
            let versions =
                usize::from(rows.has(old)) + usize::from(new.is_some_and(|it| rows.has(it)));
            assert_eq!(versions, 1, "{old} of {}", subject.tables[table].name);
        }
        for row in rows.different() {
            let is_known = [&before, &after]
                .iter()
                .any(|text| text.lines().any(|line| line == row));
            assert!(is_known, "{row} of {}", subject.tables[table].name);
        }
    }
}

/// Running it again stores all new rows, and running it a third time finds nothing to do.
fn completes(folder: &Folder) {
    let subject = folder.subject;
    folder.load(&["--update"]).succeeded();
    let new = texts(subject, ROWS, is_changed).map(|text| {
        let rows = text.lines().skip(1).map(|line| line.replace(',', "|"));
        Rows::from_iter(rows)
    });
    assert_eq!(Stored::read(folder), Stored(new));
    let third = folder.load(&["--update"]).succeeded();
    for table in &subject.tables {
        assert_eq!(third.outcomes(table.name), [0, ROWS as u64, 0, 0]);
    }
}

/// What is reported as inserted, updated or unchanged is stored, and so many rows have changed as the report says, apart
/// from those that a failed sync may have taken.
fn is_true(run: &Run, subject: &Subject, before: &Stored, after: &Stored) {
    if run.report["tables"].is_null() {
        // A process that was killed says nothing.
        let is_as_before = run.status.is_none() || before == after;
        assert!(is_as_before, "no report, and something was stored");
        return;
    }
    for (table, sample) in subject.tables.iter().enumerate() {
        let name = sample.name;
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
fn each(old: &Folder, class: &'static str, mode: Mode, step: usize) -> usize {
    let subject = old.subject;
    let before = Stored::read(old);
    let tried = at_each_moment(step, |at| {
        let folder = old.copy();
        let ran = folder.faulty(UPDATE, fault(class, at, mode));
        let stored = Stored::read(&folder);
        is_old_or_new(subject, &stored);
        is_true(&ran.run, subject, &before, &stored);
        completes(&folder);
        ran.hit
    });
    tried.moments
}

/// Does this for every subject, and says how many moments that were. There must be at least so many.
fn for_all(what: &str, at_least: usize, tries: impl Fn(&Folder) -> usize) {
    if !ready() {
        return;
    }
    for subject in SUBJECTS {
        let tried = tries(&old(subject));
        say(&format!("{}: {what}: {tried}", subject.name));
        assert!(tried >= at_least, "only {tried} {what}");
    }
}

#[test]
fn an_update_that_is_killed_at_any_call_leaves_old_or_new_rows() {
    for_all("kills of updates", 15, |old| {
        each(old, "any", Mode::Kill, 20) + each(old, "write", Mode::Torn, 20)
    });
}

#[test]
fn the_report_of_an_update_in_which_any_call_fails_is_true() {
    for_all("faults during updates", 25, |old| {
        let mut faults = 0;
        for mode in [Mode::Once("EIO"), Mode::Always("ENOSPC")] {
            faults += each(old, "write", mode, 20) + each(old, "sync", mode, 12);
        }
        let others = [
            ("open", "EMFILE", 20),
            ("thread", "EAGAIN", 20),
            ("truncate", "EIO", 1),
            ("unlink", "EIO", 1),
        ];
        for (class, error, step) in others {
            faults += each(old, class, Mode::Once(error), step);
        }
        faults
    });
}

#[test]
fn an_update_that_is_interrupted_leaves_old_or_new_rows() {
    for_all("interrupted updates", 10, |old| {
        each(old, "any", Mode::Interrupt, 30)
    });
}

#[test]
fn a_power_cut_at_any_point_of_an_update_leaves_old_or_new_rows() {
    for_all("states examined in an update", 100, |old| {
        let mut states = 0;
        for threads in ["64", "3", "1"] {
            let folder = old.copy();
            let mut cuts = PowerCuts::of(&folder);
            cuts.replaced = replaced(folder.subject);
            let arguments = [UPDATE, &["--threads", threads]].concat();
            let ran = folder.logged(&arguments, None);
            cuts.examine(&ran.log).unwrap();
            let run = ran.run.succeeded();
            for (table, replaced) in folder.subject.tables.iter().zip(&cuts.replaced) {
                let updated = run.count(table.name, "updated");
                assert_eq!(updated, replaced.len() as u64, "{}", table.name);
            }
            states += cuts.states();
        }
        states
    });
}
