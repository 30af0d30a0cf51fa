//! Real-world schemas: of well-known sample databases, of applications, and of other database systems. Their rows are
//! exported with the `sqlite3` shell and loaded with the program, and the stored rows must be the same.

#[path = "../kit/mod.rs"]
mod kit;

mod assigned_ids;
mod one_file;
mod outputs;
mod refusals;
mod round_trips;
mod scripts;
mod self_references;
mod triggers;
mod updates;

use std::fs;
use std::process::Command;

use kit::{Folder, Run, TRADEXA, bounded};

/// The schemas whose files hold their rows too.
const SAMPLES: [(&str, &str); 5] = [
    ("chinook", include_str!("chinook.sql")),
    ("northwind", include_str!("northwind.sql")),
    ("sakila", include_str!("sakila.sql")),
    ("django", include_str!("django.sql")),
    ("rails", include_str!("rails.sql")),
];

/// Runs the program with the schema in a file of this name beside the folder of the databases.
fn with_schema(folder: &Folder, schema: &str, arguments: &[&str]) -> Run {
    let mut command = Command::new(TRADEXA);
    for variable in ["TRADEXA_DIR", "TRADEXA_SCHEMA", "TRADEXA_DATABASE"] {
        command.env_remove(variable);
    }
    command.current_dir(folder.outside()).arg("--dir");
    command.arg(folder.name()).args(["--schema", schema]);
    command.args(arguments);
    Run::of(&mut bounded(command))
}

/// A folder beside which `schema.sql` holds this script.
fn with_script(script: &str) -> Folder {
    let folder = Folder::new();
    fs::write(folder.outside().join("schema.sql"), script).expect("the schema");
    folder
}
