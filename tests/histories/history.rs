//! What a history consists of, and the strategies that generate one. Each strategy lists simple values first, because
//! proptest shrinks towards them.

use proptest::bool::weighted;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// One step of a history.
#[derive(Debug, Clone)]
pub enum Step {
    Init,
    Load(Load),
    /// Two loads at the same time.
    LoadTwo(Load, Load),
    /// Repeats the last load, undisturbed.
    Repeat,
    /// Loads the rejects of the last load, unfixed.
    LoadRejects,
    Check {
        unique_email: bool,
    },
    /// Another program executes this statement in the database of the table with this index.
    Execute(usize, String),
    /// Another program takes the database of the table with this index out of WAL mode.
    LeaveWal(usize),
    /// Copies the databases.
    Backup,
    /// Puts the copy back in place of the databases.
    Restore,
}

/// A load, and what disturbs it.
#[derive(Debug, Clone)]
pub struct Load {
    /// The records of each table's file, or `None` where there is no file. At least one table has a file.
    pub files: [Option<Vec<Record>>; 3],
    pub unique_email: bool,
    pub update: bool,
    pub dry_run: bool,
    pub strict: bool,
    pub threads: usize,
    pub disturbance: Disturbance,
}

/// The fields of a record, as they are written in the file.
pub type Record = Vec<String>;

/// What happens during a load. Tables are given by index.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Disturbance {
    None,
    /// Another process holds the lock on the database of this table.
    Locked(usize),
    /// Another process has a read transaction open on every database.
    Reader,
    /// The load is killed once it has added this many rows to this table.
    Killed(usize, usize),
    /// The load gets a SIGINT once it has added this many rows to this table.
    Interrupted(usize, usize),
}

/// Any history.
pub fn history() -> impl Strategy<Value = Vec<Step>> {
    // A few histories begin without databases.
    (weighted(7.0 / 8.0), vec(step(), 1..=12)).prop_map(|(initialized, steps)| {
        let init = initialized.then_some(Step::Init);
        init.into_iter().chain(steps).collect()
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Init),
        21 => load().prop_map(Step::Load),
        6 => any::<bool>().prop_map(|unique_email| Step::Check { unique_email }),
        6 => Just(Step::Repeat),
        6 => Just(Step::LoadRejects),
        6 => delete(),
        3 => change(),
        3 => insert(),
        1 => table().prop_map(Step::LeaveWal),
        2 => Just(Step::Backup),
        3 => Just(Step::Restore),
        3 => (load(), load()).prop_map(|(one, other)| Step::LoadTwo(one, other)),
    ]
}

/// Most ids lie between 1 and this, so that they often clash.
const IDS: usize = 24;

fn table() -> impl Strategy<Value = usize> {
    0..3_usize
}

fn delete() -> impl Strategy<Value = Step> {
    let table = select(vec![(0, "users"), (1, "products"), (2, "orders")]);
    (table, 1..=IDS).prop_map(|((table, name), id)| {
        let last = id + 3;
        Step::Execute(
            table,
            format!("DELETE FROM {name} WHERE id BETWEEN {id} AND {last}"),
        )
    })
}

fn change() -> impl Strategy<Value = Step> {
    let values = select(vec![
        (0, "users", "name = 'Di'"),
        (0, "users", "email = 'd@b.co'"),
        (1, "products", "price = 7.5"),
        (2, "orders", "quantity = 3"),
    ]);
    (values, 1..=IDS).prop_map(|((table, name, values), id)| {
        let last = id + 3;
        Step::Execute(
            table,
            format!("UPDATE {name} SET {values} WHERE id BETWEEN {id} AND {last}"),
        )
    })
}

fn insert() -> impl Strategy<Value = Step> {
    let values = select(vec![
        (0, "users", "'Al', 'a@b.co'"),
        (0, "users", "'Zoë', 'Z@b.co'"),
        (1, "products", "'Lamp', 9.5"),
        (2, "orders", "2, 2, 2"),
    ]);
    (values, 1..=IDS).prop_map(|((table, name, values), id)| {
        Step::Execute(
            table,
            format!("INSERT OR IGNORE INTO {name} VALUES ({id}, {values})"),
        )
    })
}

fn load() -> impl Strategy<Value = Load> {
    let disturbance = prop_oneof![
        5 => Just(Disturbance::None),
        2 => table().prop_map(Disturbance::Locked),
        1 => Just(Disturbance::Reader),
    ];
    let cut_off = (table(), 0..16_usize, weighted(0.25)).prop_map(|(table, rows, interrupted)| {
        if interrupted && cfg!(unix) {
            Disturbance::Interrupted(table, rows)
        } else {
            Disturbance::Killed(table, rows)
        }
    });
    prop_oneof![
        8 => load_of([4, 12, 40], IDS, disturbance),
        // Large enough to be cut off in the middle.
        2 => load_of([200; 3], 10 * IDS, cut_off),
    ]
}

/// A load of files with less than one of `sizes` records, and ids up to `ids`.
fn load_of(
    sizes: [usize; 3],
    ids: usize,
    disturbance: impl Strategy<Value = Disturbance>,
) -> impl Strategy<Value = Load> {
    let file = |table| {
        let [few, some, many] = sizes.map(|size| vec(record(table, ids), 0..size));
        option::weighted(5.0 / 6.0, prop_oneof![few, some, many])
    };
    (
        [0, 1, 2].map(file),
        weighted(1.0 / 3.0),
        weighted(1.0 / 2.0),
        weighted(1.0 / 6.0),
        weighted(1.0 / 4.0),
        select(vec![1, 2, 5, 64]),
        disturbance,
    )
        .prop_map(
            |(mut files, unique_email, update, dry_run, strict, threads, disturbance)| {
                if files.iter().all(Option::is_none) {
                    files[0] = Some(Vec::new());
                }
                Load {
                    files,
                    unique_email,
                    update,
                    dry_run,
                    strict,
                    threads,
                    disturbance,
                }
            },
        )
}

fn record(table: usize, ids: usize) -> impl Strategy<Value = Record> {
    let fields = match table {
        0 => vec![
            id(ids),
            one_of(&["Al", "Bo", "Cy", "Zoë", "Al", "Bo", " "]),
            one_of(&[
                "a@b.co", "A@B.co", "b@b.co", "c@b.co", "d@b.co", "Z@b.co", "bob",
            ]),
        ],
        1 => vec![
            id(ids),
            one_of(&["Lamp", "Desk", "Lamp", "Desk", ""]),
            one_of(&["1", "9.5", "1e3", "9.5", "1", "0", "free"]),
        ],
        _ => vec![
            id(ids),
            id(ids),
            id(ids),
            one_of(&["1", "2", "+2", "1", "2", "0", "2.5"]),
        ],
    };
    (fields, weighted(1.0 / 30.0)).prop_map(|(mut record, too_short)| {
        if too_short {
            record.pop();
        }
        record
    })
}

fn one_of(texts: &'static [&'static str]) -> BoxedStrategy<String> {
    select(texts).prop_map(String::from).boxed()
}

fn id(ids: usize) -> BoxedStrategy<String> {
    let id = 1..=ids;
    prop_oneof![
        33 => id.clone().prop_map(|id| id.to_string()),
        1 => id.clone().prop_map(|id| format!("0{id}")),
        1 => id.clone().prop_map(|id| format!("+{id}")),
        1 => id.clone().prop_map(|id| format!("-{id}")),
        1 => id.prop_map(|id| (i64::MAX - id as i64).to_string()),
        1 => Just("0".to_string()),
        1 => Just("x".to_string()),
        1 => Just("9223372036854775808".to_string()),
    ]
    .boxed()
}
