//! A stored database of which a page is damaged.

use std::ffi::OsStr;
use std::fs;

use crate::kit::{Folder, Run, TRADEXA, bounded, header, many, strace};

/// A folder with many users and products, of whose users a page is damaged, and orders of all of them to load.
fn damaged() -> Folder {
    let [users, products, orders] = many(3000);
    let folder = Folder::with_csv([users.as_str(), &products, header(2)]);
    folder.load(&["--limit", "0"]).succeeded();
    for table in ["users", "products"] {
        fs::remove_file(folder.outside().join(format!("input/{table}.csv"))).unwrap();
    }
    folder.csv("input", "orders", orders);
    let mut bytes = fs::read(folder.database("users")).unwrap();
    // The page size, in the file's header (<https://www.sqlite.org/fileformat2.html#page_size>).
    let size = usize::from(u16::from_be_bytes([bytes[16], bytes[17]]));
    let page = bytes.len() / 2 / size * size;
    bytes[page..page + size].fill(0xa5);
    folder.write("users", &bytes);
    folder
}

#[test]
fn a_damaged_page_is_not_read_again_for_every_order() {
    let folder = damaged();
    let trace = folder.outside().join("trace");
    // What is in SQLite's cache is not read, but each transaction takes a lock in the shared memory.
    let files = ["", "-shm"].map(|suffix| folder.path().join(format!("users.db{suffix}")));
    let [file, memory] = files.each_ref().map(|path| path.as_os_str());
    let options = ["-f", "-s", "0", "-e", "trace=pread64,fcntl", "-P"].map(OsStr::new);
    let options = [&options[..], &[file, OsStr::new("-P"), memory]].concat();
    let Some(mut process) = strace(&options) else {
        return;
    };
    process.arg("-o").arg(&trace);
    process.arg(TRADEXA).arg("--dir").arg(folder.path());
    process.args(["insert", "--format", "json", "--from"]);
    process.arg(folder.outside().join("input"));
    let run = Run::of(&mut bounded(process));
    let calls = fs::read_to_string(&trace).unwrap().lines().count();
    assert!(calls < 500, "{calls} reads and locks for 3000 orders");
    assert_eq!(run.status, Some(1));
    let [inserted, unchanged, skipped, failed] = run.counts()[2];
    assert_eq!((unchanged, skipped, inserted + failed), (0, 0, 3000));
    let reasons = run.list("orders", "failed_reasons");
    let reason = reasons[0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("users.db is damaged: "), "{reasons:?}");
    assert_eq!((reasons.len(), &reasons[0]["rows"]), (1, &failed.into()));
    assert_eq!(folder.rows("orders").len() as u64, inserted);
}

#[test]
fn a_file_whose_unique_values_cannot_be_compared_with_stored_ones_is_left_unread() {
    let folder = damaged();
    let new = |row: &str, table| format!("{}\n{row}\n", header(table));
    folder.csv("input", "users", new("9001,New,new@b.co", 0));
    folder.csv("input", "products", new("9001,New,1", 1));
    let run = folder.load(&["--unique-email"]);
    assert_eq!(run.status, Some(1));
    let unread = "users.csv could not be read to its end: users.db is damaged: ";
    assert!(run.stderr.contains(unread), "{}", run.stderr);
    assert_eq!([0, 1].map(|table| run.counts()[table][0]), [0, 1]);
}
