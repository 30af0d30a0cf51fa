//! How much memory a load takes, whatever its rows look like: 64 MiB, four times the largest record of each table, what
//! is listed, and the ids.

use std::fmt::Write;
use std::fs;
use std::io::Read;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use crate::kit::{CLEAN, Folder, Run, TABLES, header, many, text};

const MIB: u64 = 1 << 20;

/// What any load may take, the program itself included.
const ANY: u64 = 64 * MIB;

/// Without optimizations, threads have larger stacks, and hold their rows for longer.
const MORE: u64 = if cfg!(debug_assertions) { 8 * MIB } else { 0 };

/// The most memory that a process had so far, in bytes; 0 once it has ended.
fn peak_so_far(process: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id()));
    let status = status.unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kib.map_or(0, |kib| kib.parse::<u64>().unwrap() * 1024)
}

/// Runs the program, and returns what it did and the most memory that it had.
fn measure(folder: &Folder, arguments: &[&str]) -> (Run, u64) {
    let mut process = folder.process(arguments);
    process.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = process.spawn().unwrap();
    let mut stderr = process.stderr.take().unwrap();
    let mut stdout = process.stdout.take().unwrap();
    thread::scope(|scope| {
        let reports = scope.spawn(move || {
            let mut bytes = [Vec::new(), Vec::new()];
            stdout.read_to_end(&mut bytes[0]).unwrap();
            stderr.read_to_end(&mut bytes[1]).unwrap();
            bytes
        });
        let mut peak = 0;
        let status = loop {
            peak = peak.max(peak_so_far(&process));
            match process.try_wait().unwrap() {
                Some(status) => break status,
                None => thread::sleep(Duration::from_millis(1)),
            }
        };
        let [stdout, stderr] = reports.join().unwrap();
        let output = std::process::Output {
            status,
            stdout,
            stderr,
        };
        (Run::from(output), peak)
    })
}

/// Loads `input`, and returns what the run did and the most memory that it took.
fn load(folder: &Folder, arguments: &[&str]) -> (Run, u64) {
    let all = ["insert", "--from", "input", "--format", "json"];
    let (run, peak) = measure(folder, &[&all, arguments].concat());
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    (run, peak)
}

#[track_caller]
fn assert_at_most(peak: u64, most: u64, what: &str) {
    assert!(peak > MIB, "{what}: it was not measured");
    let (peak, most) = (peak / MIB, most / MIB);
    assert!(peak <= most, "{what}: {peak} MiB instead of {most} MiB");
}

#[test]
fn many_empty_fields_are_not_held() {
    let (rows, fields) = (1000, 16_000);
    let row = format!("1{}\n", ",".repeat(fields - 1));
    let users = format!("{}\n{}", header(0), row.repeat(rows));
    let folder = Folder::with_csv([&users, CLEAN[1], CLEAN[2]]);
    let (run, peak) = load(&folder, &["--limit=0", "--dry-run"]);
    assert_eq!(run.counts()[0], [0, 0, rows as u64, 0]);
    assert_at_most(peak, ANY, "--dry-run");
}

#[test]
fn a_line_of_millions_of_fields_is_skipped_and_takes_no_more_than_its_bytes() {
    let commas = ",".repeat(8_000_000);
    let users = format!("{}\n{commas}\n2,Ann,a@b.co\n", header(0));
    let folder = Folder::with_csv([&users, header(1), header(2)]);
    let (run, peak) = load(&folder, &["--limit=0"]);
    assert_eq!(run.counts()[0], [1, 0, 1, 0]);
    assert_at_most(peak, ANY + 4 * commas.len() as u64, "many fields");
}

#[test]
fn giant_rows_of_two_tables_are_held_a_few_at_a_time() {
    let bytes = 3_000_000;
    let giant = "x".repeat(bytes);
    let mut users = header(0).to_string() + "\n";
    for id in 1..=30 {
        users += &format!("{id},{giant},u{id}@b.co\n");
    }
    let mut orders = header(2).to_string() + ",note\n";
    for id in 1..=10 {
        orders += &format!("{id},{id},1,1,{giant}\n");
    }
    let folder = Folder::with_csv([&users, CLEAN[1], &orders]);
    let most = ANY + 2 * 4 * bytes as u64;
    // In turn, the rows would be inserted, are inserted, and are unchanged and listed.
    for arguments in [&["--limit=0", "--dry-run"][..], &["--limit=0"], &[]] {
        let arguments = [&["--ignore-extra-columns"][..], arguments].concat();
        let (run, peak) = load(&folder, &arguments);
        assert_eq!(run.counts()[0][2..], [0, 0]);
        assert_at_most(peak, most, &arguments.join(" "));
    }
    let (_, peak) = measure(&folder, &["check"]);
    assert_at_most(peak, most, "check");
}

#[test]
fn giant_rows_that_wait_for_a_lock_are_held_a_few_at_a_time() {
    let (rows, bytes) = (32, 3_000_000);
    let giant = "x".repeat(bytes);
    let users: Vec<_> = (1..=rows)
        .map(|id| format!("{id},{giant},u{id}@b.co\n"))
        .collect();
    let users = header(0).to_string() + "\n" + &users.concat();
    let folder = Folder::with_csv([&users, header(1), header(2)]);
    let lock = folder.lock("users");
    // Time enough to read all of it, if nothing kept the load from that.
    let options = ["--limit=0", "--lock-timeout=3"];
    let all = ["insert", "--from", "input", "--format", "json"];
    let (run, peak) = measure(&folder, &[&all[..], &options].concat());
    drop(lock);
    assert_eq!(run.counts()[0], [0, 0, 0, rows]);
    assert_at_most(peak, ANY + 4 * bytes as u64, "a load that waits");
}

#[test]
fn giant_rows_that_are_skipped_are_held_a_few_at_a_time() {
    let (rows, bytes) = (12, 3_000_000);
    let giant = "x".repeat(bytes);
    let users = |id| format!("{id},A,{giant}\n");
    let orders = |id| format!("{id},{giant},1,1\n");
    let users: Vec<_> = (0..rows).map(users).collect();
    let orders: Vec<_> = (0..rows).map(orders).collect();
    let folder = Folder::with_csv([
        header(0).to_string() + "\n" + &users.concat(),
        CLEAN[1].to_string(),
        header(2).to_string() + "\n" + &orders.concat(),
    ]);
    let most = ANY + 2 * 4 * bytes as u64;
    for arguments in [&["--limit=0", "--dry-run"], &["--limit=0", "--rejects=bad"]] {
        let (run, peak) = load(&folder, arguments);
        assert_eq!((run.counts()[0][2], run.counts()[2][2]), (rows, rows));
        assert_at_most(peak, most, arguments[1]);
    }
}

#[test]
fn many_rows_that_fail_take_no_more_than_rows_that_are_stored() {
    let rows = 400_000;
    let folder = Folder::with_csv(many(rows));
    let locks = TABLES.map(|table| folder.lock(table));
    let all = [
        "insert",
        "--from",
        "input",
        "--format",
        "json",
        "--limit=0",
        "--lock-timeout=0",
    ];
    let (run, peak) = measure(&folder, &all);
    drop(locks);
    assert_eq!(run.counts(), [[0, 0, 0, rows as u64]; 3]);
    assert_at_most(peak, ANY + MORE, "behind locks");
}

#[test]
fn many_rows_that_are_stored_with_other_values_take_no_more_than_others() {
    let rows = 400_000;
    let stored = many(rows);
    let folder = Folder::with_csv(stored.clone());
    load(&folder, &["--limit=0"]);
    // Each has another name, price or quantity.
    let changed = stored.map(|csv| csv.replace("User ", "X").replace(".25", ".5"));
    let orders = changed[2].lines().skip(1).map(|line| format!("{line}1\n"));
    let orders = header(2).to_string() + "\n" + &orders.collect::<String>();
    for (table, csv) in TABLES.into_iter().zip([&changed[0], &changed[1], &orders]) {
        folder.csv("input", table, csv);
    }
    let (run, peak) = load(&folder, &["--limit=0"]);
    assert_eq!(run.counts(), [[0, 0, rows as u64, 0]; 3]);
    assert_at_most(peak, ANY + MORE, "taken");
    let (run, peak) = load(&folder, &["--limit=0", "--update"]);
    assert!(
        TABLES
            .iter()
            .all(|table| run.count(table, "updated") == rows as u64)
    );
    assert_at_most(peak, ANY + MORE, "--update");
}

#[test]
fn ten_tables_take_no_more_than_three() {
    let (tables, rows) = (10, 100_000);
    let folder = Folder::new();
    let mut schema = String::new();
    for table in 0..tables {
        let columns = "id INTEGER PRIMARY KEY, name TEXT NOT NULL, other INTEGER";
        let parent = match table {
            0 => String::new(),
            _ => format!(" REFERENCES t{}", table / 2),
        };
        writeln!(schema, "CREATE TABLE t{table} ({columns}{parent});").unwrap();
        let row = |id| format!("{id},Name of {id} in table {table},{id}\n");
        let csv = "id,name,other\n".to_string() + &(1..=rows).map(row).collect::<String>();
        folder.csv("input", &format!("t{table}"), csv);
    }
    fs::write(folder.outside().join("schema.sql"), schema).unwrap();
    let schema = ["--schema", "schema.sql"];
    let mut init = folder.tradexa(&[&["init"], &schema[..]].concat());
    init.assert().success();
    for expected in ["inserted", "unchanged"] {
        let (run, peak) = load(&folder, &[&["--limit=0"], &schema[..]].concat());
        for table in 0..tables {
            assert_eq!(run.count(&format!("t{table}"), expected), rows);
        }
        assert_at_most(peak, ANY + MORE, expected);
    }
}

#[test]
fn a_giant_cell_of_control_characters_takes_four_times_its_size_with_rejects_too() {
    let bytes = 20_000_000;
    let text = "\u{1}".repeat(bytes);
    let orders = format!("{}\n1,{text},1,1\n", header(2));
    let folder = Folder::with_csv([CLEAN[0], CLEAN[1], &orders]);
    for arguments in [&["--limit=0", "--dry-run"], &["--limit=0", "--rejects=bad"]] {
        let (run, peak) = load(&folder, arguments);
        assert_eq!(run.counts()[2][2], 1);
        assert_at_most(peak, ANY + 4 * bytes as u64, arguments[1]);
    }
}

#[test]
fn a_quote_that_is_not_closed_takes_no_more_than_its_look_ahead() {
    let (rows, bytes) = (700, 100_000);
    let long = "x".repeat(bytes);
    let rows = |line: &dyn Fn(usize) -> String| (1..=rows).map(line).collect::<String>();
    let folder = Folder::with_csv([
        format!(
            "{}\n0,\"A\n{}",
            header(0),
            rows(&|id| format!("{id},{long},u@b.co\n"))
        ),
        format!(
            "{}\n0,\"A\n{}",
            header(1),
            rows(&|id| format!("{id},{long},1\n"))
        ),
        format!(
            "{},note\n0,\"1\n{}",
            header(2),
            rows(&|id| format!("{id},1,1,1,{long}\n"))
        ),
    ]);
    let (run, peak) = load(
        &folder,
        &["--limit=0", "--dry-run", "--ignore-extra-columns"],
    );
    assert_eq!(run.counts(), [[700, 0, 1, 0]; 3]);
    for table in TABLES {
        let file = text(&folder.csv_in("input", table).unwrap());
        folder.csv("input", table, file.replace('"', ""));
    }
    let (_, without) = load(
        &folder,
        &["--limit=0", "--dry-run", "--ignore-extra-columns"],
    );
    assert_at_most(peak - without, (3 * 64 + 4) * MIB, "the look-ahead");
}

/// The memory that a dry run of `rows` users takes, with ids that are `apart` from each other.
fn rehearsed(rows: u64, apart: u64) -> u64 {
    let mut users = header(0).to_string() + "\n";
    for row in 1..=rows {
        writeln!(users, "{},User,u@b.co", row * apart).unwrap();
    }
    let folder = Folder::with_csv([users.as_str(), CLEAN[1], header(2)]);
    let (run, peak) = load(&folder, &["--limit=0", "--dry-run"]);
    assert_eq!(run.counts()[0], [rows, 0, 0, 0]);
    assert!(peak > MIB, "it was not measured");
    peak
}

#[test]
fn consecutive_ids_take_almost_no_memory() {
    let (few, many) = (100_000, 300_000);
    let grown = rehearsed(many, 1).saturating_sub(rehearsed(few, 1));
    assert_at_most_each(grown, many - few, 16);
}

#[test]
fn ids_far_apart_take_at_most_48_bytes_each() {
    let rows = 200_000;
    for apart in [32, 40, 64, 126, 252, i64::MAX as u64 / rows] {
        let more = rehearsed(rows, apart).saturating_sub(rehearsed(rows, 1));
        assert_at_most_each(more, rows, 48);
    }
}

#[test]
fn a_unique_email_takes_its_bytes_and_at_most_64_more() {
    let rows = 230_000;
    let users: Vec<_> = (1..=rows)
        .map(|id| format!("{id},User,user{id:06}@b.co\n"))
        .collect();
    let users = header(0).to_string() + "\n" + &users.concat();
    let folder = Folder::with_csv([users.as_str(), CLEAN[1], header(2)]);
    let options = ["--limit=0", "--dry-run"];
    let (_, without) = load(&folder, &options);
    let (run, with) = load(&folder, &[&options[..], &["--unique-email"]].concat());
    assert_eq!(run.counts()[0], [rows, 0, 0, 0]);
    assert_at_most_each(with.saturating_sub(without), rows, 15 + 64);
}

#[track_caller]
fn assert_at_most_each(bytes: u64, rows: u64, most: u64) {
    assert!(bytes <= rows * most, "{} bytes for each row", bytes / rows);
}

#[test]
fn rows_that_are_listed_as_json_are_not_held() {
    let name = "x".repeat(1000);
    let users: Vec<_> = (1..=30_000)
        .map(|id| format!("{id},{name},u@b.co\n"))
        .collect();
    let users = header(0).to_string() + "\n" + &users.concat();
    let folder = Folder::with_csv([users.as_str(), CLEAN[1], CLEAN[2]]);
    for listed in ["rows", "unchanged_rows"] {
        let copy = folder.copy();
        let (_, without) = load(&copy, &["--limit=0"]);
        let (run, with) = load(&folder, &["--limit=100000"]);
        assert_eq!(run.list("users", listed).len(), 30_000);
        assert_at_most(with, without + 8 * MIB, listed);
    }
}
