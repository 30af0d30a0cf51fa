//! What every test stands on: a folder of databases, rows to load, the program that runs, what it reported, and what is
//! stored afterwards.

#![allow(
    dead_code,
    unused_imports,
    reason = "each test program uses a part of it"
)]

pub mod csv;
pub mod folder;
#[cfg(target_os = "linux")] // Namespaces.
pub mod mounts;
pub mod random;
pub mod run;
#[cfg(unix)] // tmux.
pub mod screen;
pub mod seed;
#[cfg(unix)] // Pipes that have names.
pub mod started;
pub mod stored;
pub mod strace;
pub mod subject;
#[cfg(unix)] // Permissions and `setpriv`.
pub mod unprivileged;

use std::io::{self, Write};
use std::path::MAIN_SEPARATOR_STR;

pub use csv::{CLEAN, CLEAN_ROWS, header, many};
pub use folder::Folder;
#[cfg(target_os = "linux")]
pub use mounts::shell_that_mounts;
pub use run::{Run, TRADEXA, bounded};
#[cfg(unix)]
pub use screen::Screen;
pub use seed::{ALL_INSERTED, ALL_UNCHANGED, ORDERS, PRODUCTS, USERS};
pub use strace::strace;
pub use subject::{BUILT_IN, Layout, ONE_FILE, SUBJECTS, Subject, USER_TABLES};

/// The names of the tables, in the order of the report: each after those that it refers to.
pub const TABLES: [&str; 3] = ["users", "products", "orders"];

/// A relative path as the program shows it on this system.
pub fn shown(path: &str) -> String {
    path.replace('/', MAIN_SEPARATOR_STR)
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// Says how much was tried. Unlike `println`, it is seen when the test passes.
pub fn say(tried: &str) {
    let line = format!("{tried}\n");
    io::stderr().write_all(line.as_bytes()).expect("stderr");
}

/// Says that a test could not test all that it should.
pub fn skipped(why: &str) {
    say(&format!("SKIPPED: {why}"));
}

/// Whether programs are started with Ctrl-C ignored, as in a background job of a script. Says so if that is the case.
pub fn ignores_interrupts() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut masks = status
        .lines()
        .filter_map(|line| line.strip_prefix("SigIgn:"));
    let ignored =
        masks.any(|mask| u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & 2 != 0));
    if ignored {
        skipped("SIGINT is ignored here");
    }
    ignored
}
