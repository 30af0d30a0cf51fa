//! Limits of the system: on threads, on address space, and no folder for temporary files.

use std::process::{Command, Output};

use crate::kit::unprivileged::allow;
use crate::kit::{CLEAN, Folder, Run, TABLES, TRADEXA, bounded, header, many, skipped};

/// More rows than get a thread each.
const ROWS: usize = 40_000;

/// Loads [`ROWS`] rows into each table with limits that the shell sets, as a user that nobody else uses: the superuser
/// has no limit on threads. `None` where that is not possible.
fn load_with(limits: &str, user: u32) -> Option<Run> {
    let folder = Folder::with_csv(many(ROWS));
    let mut paths = vec![folder.outside(), folder.path()];
    paths.extend(TABLES.map(|table| folder.database(table)));
    paths.iter().for_each(|path| allow(path, 0o777));
    let copied = Command::new("cp")
        .arg(TRADEXA)
        .arg(folder.outside())
        .status();
    assert!(copied.unwrap().success());
    let user = [format!("--reuid={user}"), format!("--regid={user}")];
    let script = format!("ulimit {limits} && exec ./tradexa \"$@\"");
    let mut process = Command::new("setpriv");
    process
        .args(user)
        .args(["--clear-groups", "bash", "-c", &script, "bash"]);
    process.args([
        "--dir",
        "databases",
        "insert",
        "--from",
        "input",
        "--format",
        "json",
    ]);
    process.current_dir(folder.outside());
    let output = bounded(process).output();
    let works = |output: &Output| {
        !output.stderr.starts_with(b"setpriv: ") && !output.stderr.starts_with(b"bash: ")
    };
    if !output.as_ref().is_ok_and(works) {
        skipped("setpriv cannot change the user, or bash cannot set limits");
        return None;
    }
    Some(Run::from(output.unwrap()))
}

#[test]
fn a_limit_on_threads_costs_no_row() {
    // The main thread and a reader for each table; with 12, a few writers, too.
    for (limit, user) in [(12, 61_001), (6, 61_002)] {
        let Some(run) = load_with(&format!("-u {limit}"), user) else {
            return;
        };
        let run = run.succeeded();
        assert_eq!(run.counts(), [[ROWS as u64, 0, 0, 0]; 3]);
        let threads = run.report["threads"].as_u64().unwrap();
        assert!(threads < 3 * 64, "the limit had no effect: {threads}");
    }
}

#[test]
fn a_limit_on_address_space_costs_no_row() {
    let Some(run) = load_with("-v 300000", 61_003) else {
        return;
    };
    assert_eq!(run.succeeded().counts(), [[ROWS as u64, 0, 0, 0]; 3]);
}

#[test]
fn rows_all_over_a_table_are_inserted_without_a_folder_for_temporary_files() {
    // Each new row belongs on another page.
    let mut users = header(0).to_string();
    (1..=1000).for_each(|id| users += &format!("\n{},User,u{id}@b.co", 200 * id + 1));
    let folder = Folder::with_csv([&users, CLEAN[1], CLEAN[2]]);
    folder.execute(
        "users",
        "INSERT INTO users SELECT 10 * value, hex(zeroblob(200)), ''
         FROM (WITH RECURSIVE numbers(value) AS (VALUES (1) UNION ALL SELECT value + 1 FROM numbers LIMIT 20000) SELECT * FROM numbers)",
    );
    let script = r#"
        outside=$1 program=$2
        mkdir "$outside/current"
        for temporary in /tmp /var/tmp /usr/tmp "$outside/current"; do
            [ ! -d $temporary ] || { mount --bind $temporary $temporary && mount -o remount,bind,ro $temporary; } || exit 99
        done
        mount --bind "$outside/databases" "$outside/databases" && mount -o remount,bind,rw "$outside/databases" || exit 99
        cd "$outside/current" || exit 99
        exec "$program" --dir ../databases insert --from ../input --format json"#;
    let mut process = Command::new("unshare");
    process.args(["--map-root-user", "--mount", "sh", "-c", script, "sh"]);
    process.arg(folder.outside()).arg(TRADEXA);
    process.env_remove("TMPDIR").env_remove("SQLITE_TMPDIR");
    let output = bounded(process).output();
    let run = match output {
        Ok(output)
            if output.status.code() != Some(99) && !output.stderr.starts_with(b"unshare: ") =>
        {
            Run::from(output)
        }
        _ => {
            skipped("unshare cannot mount folders here");
            return;
        }
    };
    assert_eq!(run.counts()[0], [1000, 0, 0, 0], "{}", run.stderr);
}
