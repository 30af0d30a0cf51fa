//! Draws a history from a seed.

use crate::kit::random::Random;

/// What happens next.
#[derive(Debug)]
pub enum Step {
    Init,
    Load(Load),
    /// Two loads at once.
    Both(Load, Load),
    /// The last load once more, with nobody in its way.
    Again,
    /// What the last load rejected is loaded, as it is.
    LoadRejects,
    Check {
        unique_email: bool,
    },
    /// Another program executes this in the database of a table, by its place.
    Execute(usize, String),
    /// Another program takes a database out of WAL mode.
    LeaveWal(usize),
    /// The databases are copied elsewhere.
    Backup,
    /// The copy is put in their place.
    Restore,
}

/// A load and what comes in its way.
#[derive(Debug, Clone)]
pub struct Load {
    /// The records of each file; no file for some tables.
    pub files: [Option<Vec<Record>>; 3],
    pub unique_email: bool,
    pub dry_run: bool,
    pub strict: bool,
    pub threads: usize,
    pub beside: Beside,
}

/// The fields of a record, as they are in the file.
pub type Record = Vec<String>;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Beside {
    Nobody,
    /// Another process has locked the database of a table.
    Locked(usize),
    /// Another process reads all databases as they were.
    Reader,
    /// The load is killed once its table has this many rows more.
    Killed(usize, usize),
    /// It gets a SIGINT then.
    #[cfg(unix)]
    Interrupted(usize, usize),
}

pub fn history(seed: u64) -> Vec<Step> {
    let mut random = Random::new(seed);
    // One in a few is not begun with an init.
    let init = (!random.once_in(8)).then_some(Step::Init);
    let steps = 3 + random.below(8);
    init.into_iter()
        .chain((0..steps).map(|_| step(&mut random)))
        .collect()
}

fn step(random: &mut Random) -> Step {
    match random.below(20) {
        0 => Step::Init,
        1..=7 => Step::Load(load(random)),
        8 => Step::Both(load(random), load(random)),
        9..=10 => Step::Again,
        11..=12 => Step::LoadRejects,
        13..=14 => Step::Check {
            unique_email: random.once_in(2),
        },
        15..=16 => {
            let (table, name) = *random.one(&[(0, "users"), (1, "products"), (2, "orders")]);
            let id = 1 + random.below(IDS);
            Step::Execute(
                table,
                format!("DELETE FROM {name} WHERE id BETWEEN {id} AND {}", id + 3),
            )
        }
        17 => {
            let (table, name, values) = *random.one(&[
                (0, "users", "'Zoë', 'Z@b.co'"),
                (0, "users", "'Al', 'a@b.co'"),
                (1, "products", "'Lamp', 9.5"),
                (2, "orders", "2, 2, 2"),
            ]);
            let id = 1 + random.below(IDS);
            Step::Execute(
                table,
                format!("INSERT OR IGNORE INTO {name} VALUES ({id}, {values})"),
            )
        }
        18 => match random.once_in(3) {
            true => Step::LeaveWal(random.below(3)),
            false => Step::Backup,
        },
        _ => Step::Restore,
    }
}

/// Ids are from 1 to this, so that they clash.
const IDS: usize = 24;

fn load(random: &mut Random) -> Load {
    let (table, more) = (random.below(3), random.below(16));
    let beside = match random.below(10) {
        0..=4 => Beside::Nobody,
        5..=6 => Beside::Locked(table),
        7 => Beside::Reader,
        #[cfg(unix)]
        8 if more % 2 == 0 => Beside::Interrupted(table, more),
        _ => Beside::Killed(table, more),
    };
    // What is to be cut off has to last.
    let (most, ids) = match beside {
        Beside::Nobody | Beside::Locked(_) | Beside::Reader => (*random.one(&[4, 12, 40]), IDS),
        _ => (200, 10 * IDS),
    };
    let mut files = [0, 1, 2].map(|table| {
        let there = !random.once_in(6);
        there.then(|| {
            let rows = random.below(most);
            (0..rows).map(|_| record(table, random, ids)).collect()
        })
    });
    if files.iter().all(Option::is_none) {
        files[0] = Some(Vec::new());
    }
    Load {
        files,
        unique_email: random.once_in(3),
        dry_run: random.once_in(6),
        strict: random.once_in(4),
        threads: *random.one(&[1, 2, 5, 64]),
        beside,
    }
}

fn record(table: usize, random: &mut Random, ids: usize) -> Record {
    let id = id(random, ids);
    let mut record = match table {
        0 => {
            let name = random.one(&["Al", "Bo", "Cy", "Zoë", "Al", "Bo", " "]);
            let emails = [
                "a@b.co", "A@B.co", "b@b.co", "c@b.co", "d@b.co", "Z@b.co", "bob",
            ];
            vec![id, name.to_string(), random.one(&emails).to_string()]
        }
        1 => {
            let name = random.one(&["Lamp", "Desk", "Lamp", "Desk", ""]);
            let price = random.one(&["9.5", "1", "1e3", "9.5", "1", "0", "free"]);
            vec![id, name.to_string(), price.to_string()]
        }
        _ => {
            let quantity = random.one(&["1", "2", "+2", "1", "2", "0", "2.5"]);
            let (user, product) = (self::id(random, ids), self::id(random, ids));
            vec![id, user, product, quantity.to_string()]
        }
    };
    if random.once_in(30) {
        record.pop();
    }
    record
}

fn id(random: &mut Random, ids: usize) -> String {
    let id = 1 + random.below(ids);
    match random.below(40) {
        0 => "0".to_string(),
        1 => format!("-{id}"),
        2 => "x".to_string(),
        3 => "9223372036854775808".to_string(),
        4 => format!("0{id}"),
        5 => format!("+{id}"),
        6 => (i64::MAX - id as i64).to_string(),
        _ => id.to_string(),
    }
}
