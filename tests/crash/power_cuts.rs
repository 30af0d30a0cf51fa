//! The power is cut after every call of a run that changes a file. What was synced is there then; what was not may be
//! lost in any part. No row may dangle, and none may be gone whose commit had returned.

use rusqlite::Connection;

use crate::crash::disk::{Record, records};
use crate::crash::power::PowerCuts;
use crate::crash::stored::Stored;
use crate::crash::{Attempts, Fault, Mode, Watched, at_each_call, fault, ready};
use crate::kit::random::Random;
use crate::kit::{BUILT_IN, Folder, ONE_FILE, SUBJECTS, Subject, USER_TABLES, say};

#[test]
fn a_power_cut_at_any_point_of_an_insert_leaves_no_row_dangling() {
    if !ready() {
        return;
    }
    for subject in SUBJECTS {
        let mut states = 0;
        let empty = Folder::empty(subject);
        // Every run has its threads in another order, so that several are looked at.
        let runs = (6 / subject.step).max(1);
        for threads in vec!["64"; runs].into_iter().chain(["1", "3"]) {
            let folder = empty.copy();
            let mut cuts = PowerCuts::of(&folder);
            let arguments = [subject.insert(), &["--threads", threads]].concat();
            let Watched { run, log, .. } = folder.logged(&arguments, None);
            cuts.examine(&log).unwrap();
            let run = run.ended_well(subject);
            let writers = run.report["threads"].as_u64().unwrap() as usize;
            // A writer has nothing to commit if SQLite rejects all of its rows.
            let least = writers - subject.refused();
            assert!(
                (least..=writers).contains(&cuts.commits),
                "of {writers} commits {} are seen to return",
                cuts.commits
            );
            states += cuts.states();
        }
        let name = subject.name;
        say(&format!("{name}: states examined in an insert: {states}"));
        let least = 1000 / subject.step;
        assert!(states >= least, "only {states} states were examined");
    }
}

/// A row that others refer to, as a condition on the table.
type Parent = (&'static Subject, &'static str, &'static str);

#[test]
fn a_user_that_a_killed_run_did_not_sync_is_synced_before_an_order_refers_to_it() {
    for row in ["id = 1", "id = 4", "id = 7"] {
        unsynced_parent((&BUILT_IN, "users", row));
    }
}

#[test]
fn a_product_that_a_killed_run_did_not_sync_is_synced_before_an_order_refers_to_it() {
    for row in ["id = 1", "id = 4", "id = 7"] {
        unsynced_parent((&BUILT_IN, "products", row));
    }
}

#[test]
fn a_user_defined_row_that_a_killed_run_did_not_sync_is_synced_before_another_refers_to_it() {
    for subject in [&USER_TABLES, &ONE_FILE] {
        for (table, row) in [
            ("places", "code = 'b'"),
            ("places", "code IN ('x1', 'x2')"),
            ("stock", "place = 'b' AND sku = 'bolt'"),
        ] {
            unsynced_parent((subject, table, row));
        }
    }
}

#[test]
fn a_row_that_another_program_did_not_sync_is_synced_before_another_refers_to_it() {
    if !ready() {
        return;
    }
    for (subject, table, row, sql) in [
        (
            &BUILT_IN,
            "users",
            "id = 4",
            "INSERT INTO users VALUES (4, 'David', 'david@example.com')",
        ),
        (
            &USER_TABLES,
            "places",
            "code = 'b'",
            "INSERT INTO places VALUES ('b', 'Berlin', 'de')",
        ),
        (
            &ONE_FILE,
            "places",
            "code = 'b'",
            "INSERT INTO places VALUES ('b', 'Berlin', 'de')",
        ),
    ] {
        let folder = without((subject, table, row));
        let mut cuts = PowerCuts::of(&folder);
        // A program that still reads the earlier state keeps a checkpoint from completing.
        let _reader = folder.execute(table, &format!("BEGIN; SELECT count(*) FROM {table}"));
        let _writer = write_unsynced(&folder, table, sql);
        cuts.change_unsynced();
        let Watched { run, log, .. } = folder.logged(subject.insert(), None);
        run.ended_well(subject);
        cuts.examine(&log).unwrap();
        let (name, states) = (subject.name, cuts.states());
        say(&format!(
            "{name}: states examined beside another program: {states}"
        ));
        assert!(states >= 50, "only {states} states were examined");
    }
}

/// Executes SQL as a program that does not sync.
fn write_unsynced(folder: &Folder, table: &str, sql: &str) -> Connection {
    folder.execute(table, &format!("PRAGMA synchronous = OFF; {sql}"))
}

#[test]
fn what_is_reported_after_a_sync_has_failed_survives_a_power_cut() {
    if !ready() {
        return;
    }
    for subject in SUBJECTS {
        let (mut states, mut faults) = (0, Attempts::default());
        let empty = Folder::empty(subject);
        for mode in [Mode::Once("EIO"), Mode::Always("EIO")] {
            faults += at_each_call(subject.step / 2 + 1, |at| {
                let folder = empty.copy();
                let mut cuts = PowerCuts::of(&folder);
                let run = folder.logged(subject.insert(), Some(fault("sync", at, mode)));
                println!("{mode:?} at sync {at}: {}", run.run.ended); // Shown if what follows fails.
                cuts.examine_end(&run.log).unwrap();
                states += cuts.states();
                run.hit
            });
        }
        let Attempts { attempts, calls } = faults;
        say(&format!(
            "{}: states examined after {attempts} failed syncs: {states}",
            subject.name
        ));
        let least = if subject.is_one_file() { 20 } else { 40 };
        assert!(calls >= least, "only {calls} syncs were seen");
    }
}

#[test]
fn a_rerun_after_a_sync_has_failed_survives_a_power_cut_at_any_point() {
    if !ready() {
        return;
    }
    for subject in SUBJECTS {
        let mut states = 0;
        let empty = Folder::empty(subject);
        let files = format!("databases/{}*", subject.databases()[0].0).leak();
        let faults = at_each_call(subject.step / 2 + 1, |at| {
            let fault = Fault {
                file: Some(files),
                ..fault("sync", at, Mode::Once("EIO"))
            };
            let (found, hit) = rerun(&empty, fault);
            states += found;
            hit
        });
        let Attempts { attempts, calls } = faults;
        say(&format!(
            "{}: states examined in reruns after {attempts} failed syncs: {states}",
            subject.name
        ));
        assert!(calls >= 5, "only {calls} syncs were seen");
    }
}

#[test]
fn a_rerun_after_a_failed_sync_and_a_kill_survives_a_power_cut_at_any_point() {
    /// How many calls may come between the two.
    const CALLS: usize = 24;

    if !ready() {
        return;
    }
    for subject in SUBJECTS {
        let mut states = 0;
        let empty = Folder::empty(subject);
        let mut random = Random::new(1);
        let faults = at_each_call(subject.step + 3, |at| {
            let fault = Fault {
                kill_after: Some(1 + random.below(CALLS)),
                ..fault("sync", at, Mode::Once("EIO"))
            };
            let (found, hit) = rerun(&empty, fault);
            states += found;
            hit
        });
        let Attempts { attempts, calls } = faults;
        say(&format!(
            "{}: states examined in reruns after {attempts} kills behind a failed sync: {states}",
            subject.name
        ));
        assert!(calls >= 5, "only {calls} syncs were seen");
    }
}

/// Runs an insert with a fault, and another one without. Cuts the power at the end of the first, and at any point of the
/// second. Returns how many states that left, and whether there was a fault.
fn rerun(empty: &Folder, fault: Fault) -> (usize, bool) {
    let (folder, subject) = (empty.copy(), empty.subject);
    let mut cuts = PowerCuts::of(&folder);
    let first = folder.logged(subject.insert(), Some(fault));
    println!("{fault:?}: {}", first.run.ended); // Shown if what follows fails.
    cuts.examine_end(&first.log).unwrap();
    let rerun = folder.logged(subject.insert(), None);
    rerun.run.ended_well(subject);
    cuts.examine(&rerun.log).unwrap();
    let stored = Stored::read(&folder);
    assert_eq!(stored.counts(), subject.complete());
    (cuts.states(), first.hit)
}

/// One row of a table is missing. A first run is killed right before each of its syncs of that table's database, so
/// that the row may be written, but not synced. A second run finds it, and stores the rows that refer to it. Then
/// the power is cut, at any point of the second run.
fn unsynced_parent(parent: Parent) {
    if !ready() {
        return;
    }
    let (subject, table, row) = parent;
    let (mut states, mut kills) = (0, Attempts::default());
    let original = without(parent);
    for suffix in ["-wal", ""] {
        let file = format!("databases/{}{suffix}", subject.database(table)).leak();
        kills += at_each_call(subject.step / 2 + 1, |at| {
            let folder = original.copy();
            let mut cuts = PowerCuts::of(&folder);
            let kill = Fault {
                file: Some(file),
                ..fault("sync", at, Mode::Kill)
            };
            let killed = folder.logged(subject.insert(), Some(kill));
            if !killed.hit {
                return false;
            }
            cuts.examine(&killed.log).unwrap();
            let second = folder.logged(subject.insert(), None);
            second.run.ended_well(subject);
            cuts.examine(&second.log).unwrap();
            states += cuts.states();
            true
        });
    }
    let Attempts { attempts, calls } = kills;
    say(&format!(
        "{}: states examined after {attempts} kills at a sync of {table} without {row}: {states}",
        subject.name
    ));
    assert!(calls >= 3, "only {calls} syncs of {table} were seen");
}

/// A folder with the rows of a subject but one of the table, and without those of the tables that refer to it.
fn without((subject, table, row): Parent) -> Folder {
    let folder = Folder::full(subject);
    for other in subject.tables.iter().rev() {
        if other.name == table {
            break;
        }
        let refers = other.references.iter();
        let mut refers = refers.map(|reference| subject.tables[reference.table].name);
        if refers.any(|name| name == table) || subject.schema.is_some() {
            folder.execute(other.name, &format!("DELETE FROM {}", other.name));
        }
    }
    if let Some((counted, _)) = subject.written_by_triggers {
        folder.execute(counted, &format!("DELETE FROM {counted}"));
    }
    let sql = format!("PRAGMA foreign_keys = OFF; DELETE FROM {table} WHERE {row}");
    folder.execute(table, &sql);
    folder
}

/// How many rows there are in a load whose log gets so long that it is moved into the file before all of them are
/// stored.
const ROWS_OF_A_LONG_LOG: usize = 1200;

#[test]
fn a_power_cut_while_a_load_moves_its_log_into_the_file_loses_nothing() {
    if !ready() {
        return;
    }
    for subject in SUBJECTS {
        let folder = Folder::empty(subject);
        let parents = subject.tables[0].name;
        // So that a row takes a page of the log.
        let small = "PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM; PRAGMA journal_mode = WAL";
        folder.execute(parents, small);
        let mut texts = (subject.many)(ROWS_OF_A_LONG_LOG);
        texts[0] = with_long_names(&texts[0]);
        let few = texts[2]
            .lines()
            .take(21)
            .map(|line| line.to_string() + "\n");
        texts[2] = few.collect();
        folder.give("input", texts);
        let mut cuts = PowerCuts::of(&folder);
        let load = [
            "insert", "--from", "input", "--format", "json", "--limit", "1000",
        ];
        let arguments = [&load[..], &["--threads", "3"]].concat();
        let Watched { run, log, .. } = folder.logged(&arguments, None);
        run.succeeded();
        let (file, wal) = (
            format!("databases/{}", subject.database(parents)),
            format!("databases/{}-wal", subject.database(subject.tables[2].name)),
        );
        let found = records(&log);
        let is_written = |call: &Record, name: &str| call.operation == "write" && call.name == name;
        let first = found.iter().position(|call| is_written(call, &file));
        let last = found.iter().rposition(|call| is_written(call, &wal));
        assert!(
            first.is_some() && last > first,
            "there was no checkpoint before the last commit"
        );
        let mut random = Random::new(found.len() as u64);
        let often = found.iter().filter(|call| call.name == file).count() / 8 + 1;
        let chosen = |call: &Record| {
            call.name == file && (call.operation != "write" || random.once_in(often))
        };
        cuts.examine_at(&log, chosen).unwrap();
        let (name, states) = (subject.name, cuts.states());
        say(&format!(
            "{name}: states examined at a checkpoint: {states}"
        ));
        assert!(states >= 50, "only {states} states were examined");
    }
}

/// The same rows with names, in the second column, that fill a page.
fn with_long_names(csv: &str) -> String {
    let (header, rows) = csv.split_once('\n').unwrap();
    let rows = rows.lines().map(|row| {
        let cells: Vec<_> = row.split(',').collect();
        format!(
            "{},{}{},{}\n",
            cells[0],
            cells[1],
            "x".repeat(380),
            cells[2]
        )
    });
    header.to_string() + "\n" + &rows.collect::<String>()
}
