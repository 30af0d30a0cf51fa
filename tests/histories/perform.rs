//! Runs a load of a history, and holds its report, its rejects and the files against the model.

use std::fs::{self, OpenOptions};
use std::process::{Child, Output, Stdio};
use std::thread;

use crate::draw::{Beside, Load};
use crate::kit::stored::row;
use crate::kit::{Run, TABLES, header};
use crate::model::{Expected, Rows, Stored, dangling, expect};
use crate::rejects::{rejected, rejects_of};
use crate::world::World;

impl World {
    pub fn load(&mut self, load: &Load) {
        let arguments = self.give(load);
        self.last = Some(load.clone());
        match load.beside {
            _ if !self.initialized && !load.dry_run => {
                let run = self.folder.insert(&words(&arguments));
                self.is_refused(&run);
            }
            Beside::Locked(table) if self.initialized && !load.dry_run && !self.in_wal(table) => {
                let lock = self.folder.lock(TABLES[table]);
                let run = self.folder.insert(&words(&arguments));
                drop(lock);
                assert_eq!((run.status, run.stdout.as_str()), (Some(1), ""));
                assert!(
                    run.stderr.contains("is locked by another process"),
                    "{}",
                    run.stderr
                );
            }
            Beside::Locked(table) if self.initialized => {
                let lock = self.folder.lock(TABLES[table]);
                self.complete(load, &arguments, Some(table).filter(|_| !load.dry_run));
                drop(lock);
            }
            Beside::Reader if self.initialized && (0..3).all(|table| self.in_wal(table)) => {
                let read = |table| format!("BEGIN; SELECT count(*) FROM {table}");
                let readers = TABLES.map(|table| self.folder.execute(table, &read(table)));
                self.complete(load, &arguments, None);
                drop(readers);
            }
            Beside::Killed(table, more) if self.initialized => {
                self.cut_off(load, &arguments, table, more, |process| {
                    let _ = process.kill(); // It may have ended.
                });
            }
            #[cfg(unix)]
            Beside::Interrupted(table, more) if self.initialized => {
                self.cut_off(load, &arguments, table, more, |process| {
                    let kill = format!("kill -INT {}", process.id());
                    let _ = std::process::Command::new("sh")
                        .args(["-c", &kill])
                        .output();
                });
            }
            _ => self.complete(load, &arguments, None),
        }
    }

    /// Whether the database of a table is in WAL mode: if not, nobody can put it there while others use it.
    fn in_wal(&self, table: usize) -> bool {
        self.folder.ask(TABLES[table], "PRAGMA journal_mode") == ["wal"]
    }

    pub fn again(&mut self) {
        if let Some(mut load) = self.last.clone() {
            load.beside = Beside::Nobody;
            self.load(&load);
        }
    }

    /// Loads what the last load has rejected.
    pub fn load_rejects(&mut self) {
        let name = self.rejects();
        let files = [0, 1, 2].map(|table| {
            let file = self.folder.csv_in(&name, TABLES[table])?;
            Some(
                rejected(&file)
                    .into_keys()
                    .map(|(_, record)| record)
                    .collect(),
            )
        });
        if let (Some(last), true) = (self.last.clone(), files.iter().any(Option::is_some)) {
            self.load(&Load {
                files,
                beside: Beside::Nobody,
                ..last
            });
        }
    }

    /// Where the last load has written its rejects.
    fn rejects(&self) -> String {
        format!("rejects-{}", self.loads)
    }

    /// Writes the files of a load. Returns the arguments to load them.
    fn give(&mut self, load: &Load) -> String {
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
            self.rejects(),
            load.threads
        );
        for (option, given) in [
            (" --unique-email", load.unique_email),
            (" --dry-run", load.dry_run),
            (" --strict", load.strict),
            (
                " --lock-timeout 0",
                matches!(load.beside, Beside::Locked(_)),
            ),
            (
                " --lock-timeout 200",
                !matches!(load.beside, Beside::Locked(_)),
            ),
        ] {
            arguments += if given { option } else { "" };
        }
        arguments
    }

    /// Runs a load to its end.
    fn complete(&mut self, load: &Load, arguments: &str, locked: Option<usize>) {
        let run = self.folder.insert(&words(arguments));
        let expected = expect(load, &self.stored, locked);
        for (table, expected) in expected.iter().enumerate() {
            reports(&run, TABLES[table], expected, load.dry_run);
            let file = self.folder.csv_in(&self.rejects(), TABLES[table]);
            let found = file.map(|file| rejected(&file)).unwrap_or_default();
            assert_eq!(
                found,
                rejects_of(load.files[table].as_deref(), expected, table)
            );
        }
        let any = |of: fn(&Expected) -> bool| expected.iter().any(of);
        let fails =
            any(|it| !it.failed.is_empty()) || load.strict && any(|it| !it.skipped.is_empty());
        assert_eq!(run.status, Some(i32::from(fails)), "{}", run.stderr);
        assert_eq!(run.stderr.is_empty(), !fails, "{}", run.stderr);
        if !load.dry_run {
            for (table, expected) in expected.into_iter().enumerate() {
                self.stored[table].extend(expected.inserted);
            }
        }
    }

    /// Runs a load and cuts it off once a table has more rows. What it did until then is what it would have done.
    fn cut_off(
        &mut self,
        load: &Load,
        arguments: &str,
        table: usize,
        more: usize,
        cut: impl Fn(&mut Child),
    ) {
        let all = words(arguments);
        let mut process = self
            .folder
            .process(&[&["insert", "--format", "json"], &all[..]].concat());
        // A pipe that nobody reads could fill up.
        let printed = self.folder.outside().join("printed");
        let mut output = OpenOptions::new();
        let output = output
            .create(true)
            .truncate(true)
            .write(true)
            .open(&printed);
        process.stdout(output.unwrap()).stderr(Stdio::null());
        let mut process = process.spawn().unwrap();
        let enough = self.stored[table].len() + more;
        while self.folder.rows(TABLES[table]).len() < enough
            && process.try_wait().unwrap().is_none()
        {
            thread::yield_now();
        }
        cut(&mut process);
        let run = Run::from(Output {
            status: process.wait().unwrap(),
            stdout: fs::read(printed).unwrap(),
            stderr: Vec::new(),
        });
        let now = self.now();
        let expected = expect(load, &self.stored, None);
        let mut new = Stored::default();
        let mut left_out = false;
        for (table, now) in now.iter().enumerate() {
            for (id, row) in now {
                match self.stored[table].get(id) {
                    Some(before) => assert_eq!(row, before, "a stored row was changed"),
                    None => drop(new[table].insert(*id, row.clone())),
                }
            }
            assert!(
                self.stored[table].keys().all(|id| now.contains_key(id)),
                "a stored row is gone"
            );
            let would = &expected[table].inserted;
            left_out |= !load.dry_run && new[table].len() < would.len();
            assert!(
                new[table]
                    .iter()
                    .all(|(id, row)| would.get(id) == Some(row)),
                "{new:?} {would:?}"
            );
        }
        for order in new[2].values() {
            assert_eq!(dangling(order, &now), [""; 0], "an order dangles");
        }
        if !run.report.is_null() && !load.dry_run {
            for (table, new) in TABLES.into_iter().zip(&new) {
                assert_eq!(run.count(table, "inserted"), new.len() as u64, "{table}");
            }
        }
        self.unfinished += usize::from(left_out);
        self.stored = now;
    }

    /// Two loads at once: which is first, nobody knows.
    pub fn both(&mut self, one: &Load, other: &Load) {
        if !self.initialized {
            return;
        }
        let both = [one, other].map(|load| Load {
            beside: Beside::Nobody,
            dry_run: false,
            ..load.clone()
        });
        let arguments = both.each_ref().map(|load| self.give(load));
        let [first, second] = &arguments;
        let folder = &self.folder;
        let runs = thread::scope(|scope| {
            let first = scope.spawn(|| folder.insert(&words(first)));
            [folder.insert(&words(second)), first.join().unwrap()]
        });
        let now = self.now();
        for (table, name) in TABLES.into_iter().enumerate() {
            let inserted: u64 = runs.iter().map(|run| run.count(name, "inserted")).sum();
            let new = now[table]
                .iter()
                .filter(|(id, _)| !self.stored[table].contains_key(id));
            assert_eq!(new.count() as u64, inserted, "{name}");
            for (id, row) in &self.stored[table] {
                assert_eq!(now[table].get(id), Some(row), "a stored row was changed");
            }
            for run in &runs {
                assert_eq!(run.count(name, "failed"), 0, "{}", run.stderr);
                let stored = |listed| now[table].values().any(|stored| *stored == row(listed));
                assert!(run.listed(name).into_iter().all(stored), "{:#}", run.report);
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

/// The report on a table says what was expected.
fn reports(run: &Run, table: &str, expected: &Expected, dry_run: bool) {
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
        ("unchanged", &expected.unchanged),
    ] {
        assert_eq!(
            run.count(table, outcome),
            rows.len() as u64,
            "{table}: {outcome}"
        );
    }
    let listed: Rows = (run.listed(table).into_iter())
        .map(|listed| (listed["id"].as_i64().unwrap(), row(listed)))
        .collect();
    let mut rows = expected.unchanged.clone();
    rows.extend(expected.inserted.clone());
    match dry_run {
        true => assert!(listed.keys().all(|id| expected.unchanged.contains_key(id))),
        false => assert_eq!(listed, rows, "{table}"),
    }
}
