//! Runs the loads of a history, and compares their reports, their rejects and the databases with the model.

use std::collections::HashSet;
use std::process::Child;
use std::thread;

use serde_json::Value;

use crate::history::{Disturbance, Load};
#[cfg(unix)]
use crate::kit::run::interrupt;
use crate::kit::run::kill;
use crate::kit::stored::row;
use crate::kit::{Run, TABLES, header};
use crate::model::{Outcomes, Rows, Stored, dangling, expected_outcomes};
use crate::rejects::{expected_rejects, rejects_in};
use crate::world::{World, assert_refused};

impl World {
    pub fn load(&mut self, load: &Load) {
        let arguments = self.write_input(load);
        self.last = Some(load.clone());
        match load.disturbance {
            _ if !self.initialized && !load.dry_run => {
                let run = self.folder.insert(&words(&arguments));
                assert_refused(&run);
            }
            Disturbance::Locked(table)
                if self.initialized && !load.dry_run && !self.in_wal(table) =>
            {
                let lock = self.folder.lock(TABLES[table]);
                let run = self.folder.insert(&words(&arguments));
                drop(lock);
                assert_eq!(run.status, Some(1));
                assert!(run.report["tables"].is_null(), "{}", run.stdout);
                assert!(
                    run.stderr.contains("is locked by another process"),
                    "{}",
                    run.stderr
                );
            }
            Disturbance::Locked(table) if self.initialized => {
                let lock = self.folder.lock(TABLES[table]);
                self.run_to_end(load, &arguments, Some(table).filter(|_| !load.dry_run));
                drop(lock);
            }
            Disturbance::Reader if self.initialized && (0..3).all(|table| self.in_wal(table)) => {
                let read = |table| format!("BEGIN; SELECT count(*) FROM {table}");
                let readers = TABLES.map(|table| self.folder.execute(table, &read(table)));
                self.run_to_end(load, &arguments, None);
                drop(readers);
            }
            Disturbance::Killed(table, rows) if self.initialized => {
                self.cut_off(load, &arguments, table, rows, kill);
            }
            #[cfg(unix)]
            Disturbance::Interrupted(table, rows) if self.initialized => {
                self.cut_off(load, &arguments, table, rows, interrupt);
            }
            _ => self.run_to_end(load, &arguments, None),
        }
    }

    /// Whether the database of a table is in WAL mode. If it is not, it cannot be switched while another process uses it.
    fn in_wal(&self, table: usize) -> bool {
        self.folder.ask(TABLES[table], "PRAGMA journal_mode") == ["wal"]
    }

    pub fn repeat(&mut self) {
        if let Some(mut load) = self.last.clone() {
            load.disturbance = Disturbance::None;
            self.load(&load);
        }
    }

    /// Loads the rejects of the last load.
    pub fn load_rejects(&mut self) {
        let name = self.rejects_folder();
        let files = [0, 1, 2].map(|table| {
            let file = self.folder.csv_in(&name, TABLES[table])?;
            Some(
                rejects_in(&file)
                    .into_keys()
                    .map(|(_, record)| record)
                    .collect(),
            )
        });
        if let (Some(last), true) = (self.last.clone(), files.iter().any(Option::is_some)) {
            self.load(&Load {
                files,
                disturbance: Disturbance::None,
                ..last
            });
        }
    }

    /// The folder to which the last load has written its rejects.
    fn rejects_folder(&self) -> String {
        format!("rejects-{}", self.loads)
    }

    /// Writes the files of a load, and returns the arguments that load them.
    fn write_input(&mut self, load: &Load) -> String {
        self.loads += 1;
        let name = format!("input-{}", self.loads);
        for (table, records) in load.files.iter().enumerate() {
            if let Some(records) = records {
                let lines = records.iter().map(|record| record.join(",") + "\n");
                let text = header(table).to_string() + "\n" + &lines.collect::<String>();
                self.folder.csv(&name, TABLES[table], text);
            }
        }
        let mut arguments = format!(
            "--from {name} --rejects {} --limit 1000 --threads {}",
            self.rejects_folder(),
            load.threads
        );
        for (option, applies) in [
            (" --unique-email", load.unique_email),
            (" --update", load.update),
            (" --dry-run", load.dry_run),
            (" --strict", load.strict),
            (
                " --lock-timeout 0",
                matches!(load.disturbance, Disturbance::Locked(_)),
            ),
            (
                " --lock-timeout 200",
                !matches!(load.disturbance, Disturbance::Locked(_)),
            ),
        ] {
            arguments += if applies { option } else { "" };
        }
        arguments
    }

    /// Runs a load to its end. `locked` is a table whose database another process has locked.
    fn run_to_end(&mut self, load: &Load, arguments: &str, locked: Option<usize>) {
        let run = self.folder.insert(&words(arguments));
        let expected = expected_outcomes(load, &self.stored, locked);
        for (table, expected) in expected.iter().enumerate() {
            assert_reported(&run, TABLES[table], expected, load.dry_run);
            let file = self.folder.csv_in(&self.rejects_folder(), TABLES[table]);
            let found = file.map(|file| rejects_in(&file)).unwrap_or_default();
            assert_eq!(
                found,
                expected_rejects(load.files[table].as_deref(), expected)
            );
        }
        let any = |has: fn(&Outcomes) -> bool| expected.iter().any(has);
        let fails =
            any(|it| !it.failed.is_empty()) || load.strict && any(|it| !it.skipped.is_empty());
        assert_eq!(run.status, Some(i32::from(fails)), "{}", run.stderr);
        let is_note = |line: &&str| line.contains(".csv does not exist: no ");
        let notes = run.stderr.lines().filter(is_note).count();
        let without_file = load.files.iter().filter(|file| file.is_none()).count();
        assert_eq!(notes, without_file, "{}", run.stderr);
        let says_more = run.stderr.lines().count() > notes;
        assert_eq!(says_more, fails, "{}", run.stderr);
        if !load.dry_run {
            for (table, expected) in expected.into_iter().enumerate() {
                self.updated += expected.updated.len();
                self.stored[table].extend(expected.inserted);
                self.stored[table].extend(expected.updated);
            }
        }
    }

    /// Runs a load, and cuts it off once it has added or changed `rows` rows of a table. Everything it has stored by
    /// then must be something that a complete run would also have stored.
    fn cut_off(
        &mut self,
        load: &Load,
        arguments: &str,
        table: usize,
        rows: usize,
        cut: impl Fn(&mut Child),
    ) {
        let before: HashSet<&String> = self.stored[table].values().collect();
        let is_new = |row: &&String| !before.contains(row);
        let new_rows = || {
            self.folder
                .rows(TABLES[table])
                .iter()
                .filter(is_new)
                .count()
        };
        let arguments = [&["insert", "--format", "json"], &words(arguments)[..]].concat();
        let run = (self.folder).run_until(&arguments, || new_rows() >= rows, cut);
        let now = self.stored_now();
        let expected = expected_outcomes(load, &self.stored, None);
        let [mut new, mut updated] = <[Stored; 2]>::default();
        let mut unfinished = false;
        for (table, now) in now.iter().enumerate() {
            for (id, row) in now {
                match self.stored[table].get(id) {
                    Some(before) if before == row => {}
                    Some(_) => drop(updated[table].insert(*id, row.clone())),
                    None => drop(new[table].insert(*id, row.clone())),
                }
            }
            assert!(
                self.stored[table].keys().all(|id| now.contains_key(id)),
                "a stored row has disappeared"
            );
            for (did, would) in [
                (&new[table], &expected[table].inserted),
                (&updated[table], &expected[table].updated),
            ] {
                unfinished |= !load.dry_run && did.len() < would.len();
                assert!(
                    did.iter().all(|(id, row)| would.get(id) == Some(row)),
                    "{did:?} {would:?}"
                );
            }
            self.updated += updated[table].len();
        }
        for order in new[2].values().chain(updated[2].values()) {
            assert_eq!(dangling(order, &now), [""; 0], "an order dangles");
        }
        if !run.report["tables"].is_null() && !load.dry_run {
            for (index, table) in TABLES.into_iter().enumerate() {
                for (outcome, rows) in [("inserted", &new), ("updated", &updated)] {
                    let count = rows[index].len() as u64;
                    assert_eq!(run.count(table, outcome), count, "{table}: {outcome}");
                }
            }
        }
        self.unfinished += usize::from(unfinished);
        self.stored = now;
    }

    /// Runs two loads at the same time. Either of them may write first.
    pub fn load_two(&mut self, one: &Load, other: &Load) {
        if !self.initialized {
            return;
        }
        let both = [one, other].map(|load| Load {
            disturbance: Disturbance::None,
            dry_run: false,
            ..load.clone()
        });
        let arguments = both.each_ref().map(|load| self.write_input(load));
        let [first, second] = &arguments;
        let folder = &self.folder;
        let runs = thread::scope(|scope| {
            let first = scope.spawn(|| folder.insert(&words(first)));
            [folder.insert(&words(second)), first.join().unwrap()]
        });
        let now = self.stored_now();
        let updates = both.iter().any(|load| load.update);
        for (table, name) in TABLES.into_iter().enumerate() {
            let inserted: u64 = runs.iter().map(|run| run.count(name, "inserted")).sum();
            let new = now[table]
                .iter()
                .filter(|(id, _)| !self.stored[table].contains_key(id));
            assert_eq!(new.count() as u64, inserted, "{name}");
            let updated: u64 = runs.iter().map(|run| run.count(name, "updated")).sum();
            let mut changed = 0;
            for (id, row) in &self.stored[table] {
                let now = now[table].get(id).expect("a stored row has disappeared");
                changed += u64::from(now != row);
            }
            // Both may update a row.
            assert!(
                changed <= updated,
                "{name}: {changed} changed, {updated} updated"
            );
            for run in &runs {
                assert_eq!(run.count(name, "failed"), 0, "{}", run.stderr);
                // What one of them has stored, the other may update.
                let is_stored = |listed| now[table].values().any(|stored| *stored == row(listed));
                assert!(
                    updates || run.listed(name).into_iter().all(is_stored),
                    "{:#}",
                    run.report
                );
            }
        }
        for order in now[2]
            .values()
            .filter(|order| !self.stored[2].values().any(|it| it == *order))
        {
            assert_eq!(dangling(order, &now), [""; 0], "an order dangles");
        }
        self.last = Some(both[0].clone());
        self.stored = now;
    }
}

fn words(arguments: &str) -> Vec<&str> {
    arguments.split(' ').collect()
}

/// Compares the report on a table with the model.
fn assert_reported(run: &Run, table: &str, expected: &Outcomes, dry_run: bool) {
    for (outcome, reasons) in [("skipped", &expected.skipped), ("failed", &expected.failed)] {
        let lines = reasons
            .iter()
            .map(|(line, reasons)| format!("{line}: {reasons}"));
        let mut found = run.reasons(table, outcome);
        found.sort_by_key(|reason| reason.split(':').next().unwrap().parse::<usize>().unwrap());
        assert_eq!(found, lines.collect::<Vec<_>>(), "{table}: {outcome}");
        assert_eq!(
            run.count(table, outcome),
            reasons.len() as u64,
            "{table}: {outcome}"
        );
    }
    for (outcome, rows) in [
        ("inserted", &expected.inserted),
        ("updated", &expected.updated),
        ("unchanged", &expected.unchanged),
    ] {
        assert_eq!(
            run.count(table, outcome),
            rows.len() as u64,
            "{table}: {outcome}"
        );
    }
    let by_id = |listed: &Value| (listed["id"].as_i64().unwrap(), row(listed));
    let updated: Rows = run.list(table, "updated_rows").iter().map(by_id).collect();
    let listed: Rows = run.listed(table).into_iter().map(by_id).collect();
    let mut rows = expected.unchanged.clone();
    rows.extend(expected.inserted.clone());
    rows.extend(expected.updated.clone());
    if dry_run {
        assert!(listed.keys().all(|id| expected.unchanged.contains_key(id)));
        assert_eq!(updated, Rows::default(), "{table}");
    } else {
        assert_eq!(listed, rows, "{table}");
        assert_eq!(updated, expected.updated, "{table}");
    }
}
