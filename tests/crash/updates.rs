//! Loads with `--update` that are killed, interrupted or locked out, or in which a call fails or the power is cut. Afterwards
//! each stored row is the old or the new one, no row dangles, the report is true, and another load completes the first.

use std::collections::HashMap;
use std::{env, process};

use crate::crash::power::PowerCuts;
use crate::crash::stored::{Rows, Stored};
use crate::crash::{Attempts, FEW_THREADS, Fault, Mode, Watched, at_each_call, fault, ready};
use crate::kit::random::Random;
use crate::kit::stored::row;
use crate::kit::{BUILT_IN, Folder, Run, SUBJECTS, Subject, say};

/// How many rows are stored in each table before the update.
const STORED: usize = 30;

/// The same for an update that is interrupted. These are more rows than are read at once.
const STORED_BEFORE_AN_INTERRUPT: usize = 300;

/// Every third row changes, and refers to a new row if its table has references. There is one new row for each.
const EVERY: usize = 3;

const UPDATE: &[&str] = &[
    "insert", "--format", "json", "--limit", "1000", "--from", "input", "--update",
];

/// The rows of each table, as the sqlite3 shell prints them.
type Tables = [Vec<String>; 3];

/// A subject, its stored rows, and a load that changes some.
struct UpdateScenario {
    subject: &'static Subject,
    /// What is stored before.
    before: Tables,
    /// What the files hold.
    given: Tables,
    /// What is stored when the load is done.
    after: Tables,
    /// How many rows of each table are inserted, updated, unchanged, skipped and failed when the load is done.
    outcomes: [[u64; 5]; 3],
    /// The rows that are replaced, and the rows that replace them.
    replaced: [HashMap<String, String>; 3],
    /// A folder with the old rows in its databases and the new rows in its CSV files.
    folder: Folder,
    /// What the triggers have written when the load is done.
    counted: Vec<String>,
}

const OUTCOMES: [&str; 5] = ["inserted", "updated", "unchanged", "skipped", "failed"];

impl UpdateScenario {
    fn of(subject: &'static Subject, stored: usize) -> UpdateScenario {
        let rows = if subject.name == BUILT_IN.name {
            built_in
        } else {
            own
        };
        let (before, given) = (rows(stored, false), rows(stored, true));
        let folder = Folder::empty(subject);
        folder.give("input", files(subject, &before));
        folder.load(&[]).succeeded();
        folder.give("input", files(subject, &given));
        let mut scenario = UpdateScenario {
            subject,
            after: before.clone(),
            before,
            given,
            outcomes: Default::default(),
            replaced: Default::default(),
            folder,
            counted: Vec::new(),
        };
        for table in 0..3 {
            scenario.plan(table);
        }
        for outcome in 0..4 {
            let met = scenario
                .outcomes
                .iter()
                .any(|outcomes| outcomes[outcome] > 0);
            assert!(met, "no row is {}", OUTCOMES[outcome]);
        }
        assert!(scenario.replaced[0].len() > 1);
        let done = scenario.folder.copy();
        scenario.is_done(&done.load(&["--update"]), &done);
        scenario.counted = scenario.counted(&done);
        scenario
    }

    /// Works out the outcomes of the rows of a table.
    fn plan(&mut self, table: usize) {
        let (given, after) = (&self.given[table], &mut self.after[table]);
        // Rows without a key replace none. Those that are stored come first.
        let key = keys(self.subject)[table];
        let same_key = |one: &str, other: &str| {
            let cells = |row: &str| {
                row.split('|')
                    .take(key)
                    .map(String::from)
                    .collect::<Vec<_>>()
            };
            key > 0 && cells(one) == cells(other)
        };
        for (index, new) in given.iter().enumerate() {
            let old = match key {
                0 => (index < self.before[table].len()).then_some(index),
                _ => after.iter().position(|old| same_key(old, new)),
            };
            let outcome = match old {
                _ if is_skipped(new) => "skipped",
                Some(_) if self.subject.is_one_file() && is_refused(new) => "failed",
                Some(old) if after[old] == *new => "unchanged",
                Some(old) => {
                    self.replaced[table].insert(after[old].clone(), new.clone());
                    after[old].clone_from(new);
                    "updated"
                }
                None => {
                    after.push(new.clone());
                    "inserted"
                }
            };
            let outcome = OUTCOMES.iter().position(|it| *it == outcome).expect("it");
            self.outcomes[table][outcome] += 1;
        }
    }

    /// The exit status of a load that nothing disturbs.
    fn status(&self) -> i32 {
        i32::from(self.outcomes.iter().any(|[.., failed]| *failed > 0))
    }

    fn counted(&self, folder: &Folder) -> Vec<String> {
        let counted = self.subject.written_by_triggers.iter();
        let counted = counted
            .map(|(table, _)| folder.ask(table, &format!("SELECT * FROM {table} ORDER BY 1")));
        counted.flatten().collect()
    }

    /// Every row has the outcome that it should have.
    fn is_done(&self, run: &Run, folder: &Folder) {
        assert_eq!(run.status, Some(self.status()), "{}", run.stderr);
        for (table, expected) in self.subject.tables.iter().zip(self.outcomes) {
            let found = OUTCOMES.map(|outcome| run.count(table.name, outcome));
            assert_eq!(found, expected, "{}", table.name);
        }
        assert_eq!(Stored::read(folder), self.stored());
    }

    /// What is stored when the load is done.
    fn stored(&self) -> Stored {
        Stored(self.after.clone().map(Rows::from_iter))
    }

    /// A second load stores the new rows that are missing, each once. A third one finds nothing to do.
    fn completes(&self, folder: &Folder) {
        let update = [&["--update"], FEW_THREADS].concat();
        let again = folder.load(&update);
        assert_eq!(again.status, Some(self.status()), "{}", again.stderr);
        assert_eq!(Stored::read(folder), self.stored());
        assert_eq!(self.counted(folder), self.counted);
        let third = folder.load(&update);
        for (table, expected) in self.subject.tables.iter().zip(self.outcomes) {
            let [inserted, updated, unchanged, skipped, failed] = expected;
            let expected = [0, 0, inserted + updated + unchanged, skipped, failed];
            let found = OUTCOMES.map(|outcome| third.count(table.name, outcome));
            assert_eq!(found, expected, "{}", table.name);
        }
        assert_eq!(self.counted(folder), self.counted);
    }

    /// Each stored row is still there, or the row that replaces it. All others are new rows.
    fn is_old_or_new(&self, stored: &Stored) {
        for (table, rows) in stored.0.iter().enumerate() {
            let name = self.subject.tables[table].name;
            let [before, after] =
                [&self.before, &self.after].map(|rows| Rows::from_iter(rows[table].clone()));
            let replaced = &self.replaced[table];
            for (old, new) in replaced {
                assert_ne!(rows.has(old), rows.has(new), "{old} and {new} of {name}");
            }
            let lost = before.without(rows);
            let lost = lost.different().find(|row| !replaced.contains_key(*row));
            assert_eq!(lost, None, "lost from {name}");
            let unknown = rows.without(&before.or(&after));
            assert_eq!(unknown, Rows::default(), "unknown in {name}");
        }
    }

    /// The rows that the report lists are stored. As many rows have changed as it says, apart from those that were lost in a
    /// failed sync. Each row of the files has one outcome.
    fn is_true(&self, run: &Run, before: &Stored, after: &Stored) {
        if run.report["tables"].is_null() {
            // A process that was killed says nothing.
            let is_as_before = run.status.is_none() || before == after;
            assert!(is_as_before, "no report, and something was stored");
            return;
        }
        let is_whole = run.report["interrupted"] == false
            && !run.stderr.contains("could not be read to its end");
        for (table, sample) in self.subject.tables.iter().enumerate() {
            let (name, before, after) = (sample.name, &before.0[table], &after.0[table]);
            for list in ["rows", "updated_rows", "unchanged_rows"] {
                let listed = Rows::from_iter(run.list(name, list).iter().map(row));
                assert_eq!(listed.without(after), Rows::default(), "{list} of {name}");
            }
            let outcomes = OUTCOMES.map(|outcome| run.count(name, outcome));
            let [inserted, updated, _, _, failed] = outcomes;
            let said = (inserted + updated) as usize;
            let reasons = run.reasons(name, "failed").into_iter();
            let lost = reasons.filter(|reason| reason.contains(" could not be made durable: "));
            let possible = said..=said + lost.count();
            let changed = after.without(before).len();
            assert!(
                possible.contains(&changed),
                "{name}: {changed} and not {possible:?}"
            );
            assert!(
                failed == 0 || run.status != Some(0),
                "{failed} rows of {name} failed, and the status is 0"
            );
            let given = self.given[table].len() as u64;
            let sum: u64 = outcomes.iter().sum();
            assert!(
                sum == given || !is_whole && sum < given,
                "{sum} outcomes of {given} rows of {name}"
            );
        }
    }

    /// Disturbs a load at every `step`-th call of a class, and checks what is left.
    fn each(&self, class: &'static str, mode: Mode, step: usize) -> Attempts {
        let before = Stored::read(&self.folder);
        at_each_call(step, |at| {
            let folder = self.folder.copy();
            let ran = folder.faulty(UPDATE, fault(class, at, mode));
            let stored = Stored::read(&folder);
            self.is_old_or_new(&stored);
            self.is_true(&ran.run, &before, &stored);
            if !ran.hit || mode == Mode::Short {
                self.is_done(&ran.run, &folder);
            }
            self.completes(&folder);
            ran.hit
        })
    }

    /// What a power cut may leave of this folder.
    fn power_cuts(&self, folder: &Folder) -> PowerCuts {
        let mut cuts = PowerCuts::of(folder);
        cuts.replaced.clone_from(&self.replaced);
        cuts
    }
}

/// How many columns at the front of each table are its key.
fn keys(subject: &Subject) -> [usize; 3] {
    if subject.name == BUILT_IN.name {
        [1, 1, 1]
    } else {
        [1, 2, 0]
    }
}

/// CSV files with these rows.
fn files(subject: &Subject, rows: &Tables) -> [String; 3] {
    [0, 1, 2].map(|table| {
        let rows = rows[table].iter().map(|row| row.replace('|', ",") + "\n");
        subject.tables[table].header.to_string() + "\n" + &rows.collect::<String>()
    })
}

fn is_changed(id: usize) -> bool {
    id.is_multiple_of(EVERY)
}

/// A row that refers to none.
fn is_skipped(row: &str) -> bool {
    row.contains("|nowhere") || row.contains("|999|")
}

/// A row that triggers refuse as the new version of another.
fn is_refused(row: &str) -> bool {
    ["refused", "undone", "ignored"]
        .iter()
        .any(|name| row.contains(name))
}

/// Users and products with new names, and orders that go to new users.
fn built_in(stored: usize, second: bool) -> Tables {
    let mut tables = Tables::default();
    let last = if second {
        stored + stored / EVERY
    } else {
        stored
    };
    for id in 1..=last {
        let is_changed = second && id <= stored && is_changed(id);
        let name = if is_changed { "New" } else { "Old" };
        let user = match id {
            _ if !is_changed => id,
            _ if id == stored => 999,
            _ => stored + id / EVERY,
        };
        tables[0].push(format!("{id}|{name} {id}|u{id}@b.co"));
        tables[1].push(format!("{id}|{name} {id}|{id}.25"));
        tables[2].push(format!("{id}|{user}|{id}|{id}"));
    }
    tables
}

/// Places within new places, which lie within each other or within changed places, and new stock in them.
fn own(stored: usize, second: bool) -> Tables {
    let mut tables = Tables::default();
    for id in 1..=stored {
        let is_changed = second && is_changed(id);
        let name = match id {
            _ if !is_changed => format!("Old {id}"),
            12 => "refused".to_string(),
            15 => "undone".to_string(),
            18 => "ignored".to_string(),
            _ => format!("New {id}"),
        };
        let within = match id {
            _ if is_changed && id == stored => "nowhere".to_string(),
            _ if is_changed => format!("n{}", id / EVERY),
            _ => format!("p{}", id % stored + 1),
        };
        let more = if is_changed { 100 } else { 0 };
        tables[0].push(format!("p{id}|{name}|{within}"));
        tables[1].push(format!("p{id}|bolt|{}", id + more));
        tables[2].push(format!("p{id}|bolt|{id}|in"));
    }
    let new = stored / EVERY;
    for id in (1..=new).filter(|_| second) {
        let within = match id % 2 {
            0 => format!("p{}", id * EVERY),
            _ => format!("n{}", id % new + 1),
        };
        tables[0].push(format!("n{id}|New place {id}|{within}"));
        tables[1].push(format!("n{id}|nut|{id}"));
        tables[2].push(format!("n{id}|nut|{id}|in"));
        tables[2].push(format!("p{id}|bolt|{id}|in"));
        tables[2].push(format!("n{id}|nut|{id}|in"));
    }
    tables
}

/// Disturbs loads of each subject, and prints how often. Fails if a subject makes fewer than `at_least` calls.
fn for_all(what: &str, at_least: usize, happens: impl Fn(&UpdateScenario) -> Attempts) {
    if !ready() {
        return;
    }
    for subject in SUBJECTS {
        let Attempts { attempts, calls } = happens(&UpdateScenario::of(subject, STORED));
        say(&format!("{}: {what}: {attempts}", subject.name));
        assert!(calls >= at_least, "only {calls} calls were seen");
    }
}

#[test]
fn an_update_that_is_killed_at_any_call_leaves_old_or_new_rows() {
    for_all("kills of updates", 300, |scenario| {
        let mut kills = scenario.each("any", Mode::Kill, 40);
        kills += scenario.each("write", Mode::Torn, 40);
        kills
    });
}

/// Faults of a class, with these errors.
fn survives(class: &'static str, errors: [&'static str; 2], step: usize, at_least: usize) {
    let [once, always] = errors;
    for_all(
        &format!("faults in {class} calls of updates"),
        at_least,
        |scenario| {
            let mut faults = scenario.each(class, Mode::Once(once), step);
            faults += scenario.each(class, Mode::Always(always), step);
            faults
        },
    );
}

#[test]
fn the_report_of_an_update_in_which_any_write_fails_is_true() {
    survives("write", ["EIO", "ENOSPC"], 40, 100);
}

#[test]
fn an_update_completes_every_write_that_is_cut_short() {
    for_all("short writes of updates", 50, |scenario| {
        scenario.each("write", Mode::Short, 40)
    });
}

#[test]
fn the_report_of_an_update_in_which_any_sync_fails_is_true() {
    survives("sync", ["EIO", "EIO"], 12, 20);
}

#[test]
fn the_report_of_an_update_in_which_any_truncation_fails_is_true() {
    survives("truncate", ["EIO", "EIO"], 2, 2);
}

#[test]
fn the_report_of_an_update_in_which_any_file_cannot_be_opened_is_true() {
    survives("open", ["EMFILE", "EMFILE"], 20, 50);
}

#[test]
fn the_report_of_an_update_in_which_any_file_cannot_be_deleted_is_true() {
    survives("unlink", ["EIO", "EIO"], 2, 2);
}

#[test]
fn the_report_of_an_update_in_which_any_thread_cannot_be_started_is_true() {
    survives("thread", ["EAGAIN", "EAGAIN"], 10, 50);
}

#[test]
fn an_update_that_is_interrupted_at_any_call_says_what_it_did_and_is_completed_by_the_next() {
    if !ready() {
        return;
    }
    for subject in SUBJECTS {
        let scenario = UpdateScenario::of(subject, STORED_BEFORE_AN_INTERRUPT);
        let before = Stored::read(&scenario.folder);
        let [mut at_once, mut interrupted, mut incomplete, mut done] = [0; 4];
        for (mode, status) in [(Mode::Interrupt, 130), (Mode::Terminate, 143)] {
            at_each_call(15, |at| {
                let folder = scenario.folder.copy();
                let arguments = [UPDATE, &["--threads", "8"]].concat();
                let ran = folder.faulty(&arguments, fault("any", at, mode));
                let stored = Stored::read(&folder);
                scenario.is_old_or_new(&stored);
                scenario.is_true(&ran.run, &before, &stored);
                if ran.hit {
                    match ran.run.status {
                        None => {
                            at_once += 1;
                            assert_eq!(stored, before);
                        }
                        other if ran.run.report["interrupted"] == true => {
                            interrupted += 1;
                            incomplete += usize::from(stored != scenario.stored());
                            assert_eq!(other, Some(status), "{}", ran.run.stderr);
                        }
                        _ => {
                            done += 1;
                            scenario.is_done(&ran.run, &folder);
                        }
                    }
                }
                scenario.completes(&folder);
                ran.hit
            });
        }
        say(&format!(
            "{}: updates that got a signal: at once {at_once}, interrupted {interrupted}, \
             incomplete {incomplete}, done {done}",
            subject.name
        ));
        assert!(interrupted > 0, "no update was interrupted");
    }
}

#[test]
fn a_locked_database_fails_the_rows_that_change_and_no_others() {
    for subject in SUBJECTS {
        let scenario = UpdateScenario::of(subject, STORED);
        let before = Stored::read(&scenario.folder);
        for (database, tables) in subject.databases() {
            let folder = scenario.folder.copy();
            let lock = folder.lock(subject.tables[tables[0]].name);
            let run = folder.load(&["--update", "--lock-timeout", "0"]);
            drop(lock);
            let stored = Stored::read(&folder);
            scenario.is_old_or_new(&stored);
            scenario.is_true(&run, &before, &stored);
            assert_eq!(run.status, Some(1), "{}", run.stderr);
            for table in tables {
                let [inserted, updated, unchanged, skipped, failed] = scenario.outcomes[table];
                let found = OUTCOMES.map(|outcome| run.count(subject.tables[table].name, outcome));
                let expected = [0, 0, unchanged, skipped, failed + inserted + updated];
                assert_eq!(found, expected, "{database} is locked");
                assert_eq!(stored.0[table], before.0[table]);
            }
            scenario.completes(&folder);
        }
    }
}

#[test]
fn a_power_cut_at_any_point_of_an_update_leaves_old_or_new_rows() {
    if !ready() {
        return;
    }
    for subject in SUBJECTS {
        let scenario = UpdateScenario::of(subject, STORED);
        let mut random = Random::new(process::id().into());
        let mut states = 0;
        for threads in ["64", "3", "1"] {
            let folder = scenario.folder.copy();
            let mut cuts = scenario.power_cuts(&folder);
            let arguments = [UPDATE, &["--threads", threads]].concat();
            let Watched { run, log, .. } = folder.logged(&arguments, None);
            // One in `step` calls, chosen at random, so that every run examines different ones.
            let often = if env::var_os("EVERY_CALL").is_some() {
                1
            } else {
                subject.step
            };
            cuts.examine_at(&log, |_| random.once_in(often)).unwrap();
            scenario.is_done(&run, &folder);
            states += cuts.states();
        }
        let name = subject.name;
        say(&format!("{name}: states examined in an update: {states}"));
        assert!(states >= 100, "only {states} states");
    }
}

#[test]
fn an_update_after_one_whose_sync_has_failed_survives_a_power_cut_at_any_point() {
    /// How many calls may come between a failed sync and a kill.
    const CALLS: usize = 24;

    if !ready() {
        return;
    }
    for subject in SUBJECTS {
        let scenario = UpdateScenario::of(subject, STORED);
        let mut random = Random::new(1);
        let (mut states, mut faults) = (0, Attempts::default());
        for mode in [Mode::Once("EIO"), Mode::Always("EIO"), Mode::Kill] {
            faults += at_each_call(24, |at| {
                let folder = scenario.folder.copy();
                let mut cuts = scenario.power_cuts(&folder);
                let kill_after = matches!(mode, Mode::Once(_)) && random.once_in(2);
                let fault = Fault {
                    kill_after: kill_after.then(|| 1 + random.below(CALLS)),
                    ..fault("sync", at, mode)
                };
                let arguments = [UPDATE, &["--threads", "8"]].concat();
                let first = folder.logged(&arguments, Some(fault));
                println!("{fault:?}: {}", first.run.ended); // Shown if what follows fails.
                cuts.examine_end(&first.log).unwrap();
                let rerun = folder.logged(&arguments, None);
                cuts.examine(&rerun.log).unwrap();
                assert_eq!(rerun.run.status, Some(scenario.status()));
                assert_eq!(Stored::read(&folder), scenario.stored());
                states += cuts.states();
                first.hit
            });
        }
        let Attempts { attempts, calls } = faults;
        say(&format!(
            "{}: states examined in updates after {attempts} failed syncs: {states}",
            subject.name
        ));
        assert!(calls >= 10, "only {calls} syncs were seen");
    }
}
