//! `tradexa insert --rejects`: what was not stored, in files to be fixed and loaded again.

use std::fs;

use predicates::prelude::*;

use crate::kit::{CLEAN, CLEAN_ROWS, Folder, Run, TABLES, header, shown, text};
#[cfg(target_os = "linux")]
use crate::kit::{TRADEXA, bounded, strace};

/// Loads these users, and clean products and orders, with `--rejects`.
fn reject(users: impl AsRef<[u8]>) -> (Folder, Run) {
    let folder = Folder::with_csv([users.as_ref(), CLEAN[1].as_bytes(), CLEAN[2].as_bytes()]);
    let run = folder.load(&["--rejects", "rejects"]);
    (folder, run)
}

/// The rejected users, as text.
fn rejected(folder: &Folder) -> String {
    text(&folder.csv_in("rejects", "users").unwrap())
}

/// Loads a folder and writes the rejects to another.
fn load_from(folder: &Folder, from: &str, rejects: &str) -> Run {
    folder.insert(&["--from", from, "--rejects", rejects])
}

#[test]
fn rejects_are_as_given_with_all_reasons_in_a_last_column() {
    let (folder, run) = reject("id,name,email\n1,Al,a@b.co\n-1, ,bob\n3,Cy,\n");
    assert_eq!(
        rejected(&folder),
        "id,name,email,reason\n\
         -1, ,bob,\"id must be greater than 0, got -1; name is empty; email is not valid: \"\"bob\"\"\"\n\
         3,Cy,,email is empty\n"
    );
    assert_eq!(run.status, Some(0));
}

#[test]
fn rejects_keep_the_columns_in_the_order_of_the_file() {
    let (folder, _) = reject("email,id,name\na@b.co,0,Al\n");
    let expected = "email,id,name,reason\na@b.co,0,Al,\"id must be greater than 0, got 0\"\n";
    assert_eq!(rejected(&folder), expected);
}

#[test]
fn rejects_keep_bytes_that_are_not_text() {
    let (folder, _) = reject(b"id,name,email\n1,A\xffl,a@b.co\n2,A\0l,a@b.co\n");
    assert_eq!(
        folder.csv_in("rejects", "users").unwrap(),
        b"id,name,email,reason\n1,A\xffl,a@b.co,name is not valid UTF-8\n2,A\0l,a@b.co,name contains a NUL character\n"
    );
}

#[test]
fn a_row_of_another_width_stays_as_wide_as_it_is() {
    let (folder, _) = reject("id,name,email\n1\n2,Bo,b@b.co,x,,\"y,z\"\n");
    assert_eq!(
        rejected(&folder),
        "id,name,email,reason\n1,\"expected 3 fields, found 1\"\n2,Bo,b@b.co,x,,\"y,z\",\"expected 3 fields, found 6\"\n"
    );
}

#[test]
fn fields_that_need_quotes_get_them() {
    let (folder, _) = reject("id,name,email\n0,\"a\nb\",\"say \"\"no\"\"\"\n0,\"a\rb\",\"c,d\"\n");
    let file = folder.csv_in("rejects", "users").unwrap();
    let mut reader = csv::Reader::from_reader(&file[..]);
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0][1], &rows[0][2]), ("a\nb", "say \"no\""));
    assert_eq!((&rows[1][1], &rows[1][2]), ("a\rb", "c,d"));
}

/// `rows` users of each of three kinds, in turn: one whose id is taken by a stored row, a new one, and one that breaks
/// a rule.
fn users_of_all_kinds(rows: usize) -> Folder {
    let row = |id: usize| match id % 3 {
        0 => format!("{id},,u{id}@b.co\n"),
        _ => format!("{id},New,u{id}@b.co\n"),
    };
    let users: String = (1..=3 * rows).map(row).collect();
    let folder = Folder::with_csv([&*format!("{}\n{users}", header(0)), CLEAN[1], header(2)]);
    let stored = format!(
        "WITH RECURSIVE ids(id) AS (SELECT 1 UNION ALL SELECT id + 3 FROM ids WHERE id < {})
         INSERT INTO users SELECT id, 'Old', 'o@b.co' FROM ids",
        3 * rows - 2
    );
    folder.execute("users", &stored);
    folder
}

#[test]
fn rejects_come_in_the_order_of_the_file_whatever_kept_them_from_being_stored() {
    let rows = 30_000;
    let folder = users_of_all_kinds(rows);
    for dry_run in [&["--dry-run"][..], &[]] {
        let options = [&["--rejects", "rejects", "--overwrite"], dry_run].concat();
        let counts = folder.load(&options).counts()[0];
        assert_eq!(counts, [rows as u64, 0, 2 * rows as u64, 0]);
        let rejected = rejected(&folder);
        let ids = rejected.lines().skip(1);
        let ids = ids.map(|line| line.split(',').next().unwrap().parse::<usize>().unwrap());
        let expected = (1..=3 * rows).filter(|id| id % 3 != 2);
        assert!(ids.eq(expected));
    }
}

#[test]
fn the_first_of_two_rows_with_one_id_still_wins_when_both_were_rejected() {
    let users = "id,name,email\n1,First,f@b.co\n1,Second,s@b.co\n";
    let folder = Folder::with_csv([users, CLEAN[1], CLEAN[2]]);
    let lock = folder.lock("users");
    folder.load(&["--lock-timeout", "0", "--rejects", "rejects"]);
    drop(lock);
    assert_eq!(load_from(&folder, "rejects", "again").status, Some(0));
    assert_eq!(folder.rows("users"), ["1|First|f@b.co"]);
}

#[test]
fn a_table_without_rejects_gets_no_file() {
    let (folder, _) = reject("id,name,email\n1,Al,a@b.co\n2,,b@b.co\n");
    assert!(folder.csv_in("rejects", "users").is_some());
    assert!(folder.csv_in("rejects", "products").is_none());
    assert!(folder.csv_in("rejects", "orders").is_some());
}

#[test]
fn the_folder_is_created_with_those_above_it() {
    let folder = Folder::with_csv([
        CLEAN[0],
        CLEAN[1],
        "id,user_id,product_id,quantity\n1,1,1,0\n",
    ]);
    folder.load(&["--rejects", "a/b/c"]);
    assert_eq!(
        text(&folder.csv_in("a/b/c", "orders").unwrap()),
        "id,user_id,product_id,quantity,reason\n1,1,1,0,\"quantity must be greater than 0, got 0\"\n"
    );
}

#[test]
fn a_folder_that_exists_is_used_and_other_files_in_it_stay() {
    let folder = Folder::with_csv(CLEAN);
    folder.csv("rejects", "notes", "mine");
    assert_eq!(folder.load(&["--rejects", "rejects"]).status, Some(0));
    assert_eq!(folder.csv_in("rejects", "notes").unwrap(), b"mine");
}

#[test]
fn the_embedded_rows_have_rejects_too() {
    let folder = Folder::initialized();
    folder.insert(&["--rejects", "rejects"]);
    assert_eq!(
        rejected(&folder),
        "id,name,email,reason\n10,,jane@example.com,name is empty\n"
    );
}

#[test]
fn a_file_that_is_there_already_is_an_error_before_anything_is_loaded() {
    for dry_run in [&[][..], &["--dry-run"]] {
        for table in TABLES {
            let folder = Folder::with_csv(CLEAN);
            folder.csv("rejects", table, "precious");
            let before = folder.everything();
            let arguments = ["insert", "--from", "input", "--rejects", "rejects"];
            let run = folder.tradexa(&[&arguments, dry_run].concat()).assert();
            let start = shown(&format!("tradexa: rejects/{table}.csv already exists"));
            run.code(1)
                .stdout("")
                .stderr(predicate::str::starts_with(start));
            let files = |files: &[(String, Option<Vec<u8>>, _)]| -> Vec<_> {
                files
                    .iter()
                    .map(|file| (file.0.clone(), file.1.clone()))
                    .collect()
            };
            assert!(files(&folder.everything()) == files(&before));
        }
    }
}

#[test]
fn all_files_that_are_there_already_are_named() {
    let folder = Folder::with_csv(CLEAN);
    let run = folder
        .tradexa(&["insert", "--from", "input", "--rejects", "input"])
        .assert();
    let run = run.code(1).stdout("");
    let stderr = text(&run.get_output().stderr);
    let names: Vec<_> = stderr
        .lines()
        .map(|line| line.split(' ').nth(1).unwrap())
        .collect();
    assert_eq!(
        names,
        ["input/users.csv", "input/products.csv", "input/orders.csv"].map(shown)
    );
}

#[test]
fn a_folder_that_cannot_be_created_is_an_error_before_anything_is_loaded() {
    for name in ["rejects", "rejects/deeper"] {
        let folder = Folder::with_csv(CLEAN);
        fs::write(folder.outside().join("rejects"), "a file").unwrap();
        let before = folder.contents();
        let run = folder
            .tradexa(&["insert", "--from", "input", "--rejects", name])
            .assert();
        run.code(1)
            .stdout("")
            .stderr(predicate::str::starts_with("tradexa: rejects"));
        assert!(folder.contents() == before);
        assert_eq!(
            fs::read(folder.outside().join("rejects")).unwrap(),
            b"a file"
        );
    }
}

#[test]
fn no_folder_is_created_when_nothing_can_be_loaded() {
    let folder = Folder::new();
    folder.give("input", CLEAN);
    folder
        .tradexa(&["insert", "--from", "input", "--rejects", "rejects"])
        .assert()
        .code(1);
    assert!(!folder.outside().join("rejects").exists());
}

#[test]
fn fixed_rejects_complete_the_load() {
    let folder = Folder::with_csv([
        CLEAN[0].replace("Bob", ""),
        CLEAN[1].replace("30.5", "free"),
        CLEAN[2].replace("1,1,2,3", "1,1,2"),
    ]);
    let run = load_from(&folder, "input", "rejects");
    assert_eq!(run.counts(), [[1, 0, 1, 0], [1, 0, 1, 0], [0, 0, 2, 0]]);
    for (table, broken, fixed) in [
        ("users", "2,,", "2,Bob,"),
        ("products", "free", "30.5"),
        ("orders", "1,1,2,", "1,1,2,3,"),
    ] {
        let rejects = text(&folder.csv_in("rejects", table).unwrap());
        folder.csv("rejects", table, rejects.replace(broken, fixed));
    }
    let rerun = load_from(&folder, "rejects", "none");
    assert_eq!(
        (rerun.status, rerun.counts()),
        (Some(0), [[1, 0, 0, 0], [1, 0, 0, 0], [2, 0, 0, 0]])
    );
    assert_eq!(folder.all_rows(), CLEAN_ROWS.map(Vec::from));
}

#[test]
fn failed_rows_are_rejects_too_and_load_once_the_cause_is_gone() {
    let folder = Folder::with_csv(CLEAN);
    let lock = folder.lock("users");
    let run = folder.load(&["--lock-timeout", "0", "--rejects", "rejects"]);
    drop(lock);
    assert_eq!(run.counts(), [[0, 0, 0, 2], [2, 0, 0, 0], [0, 0, 0, 2]]);
    let reason = "users.db is locked by another process (waited 0 s)";
    let lines =
        format!("id,name,email,reason\n1,Alice,alice@b.co,{reason}\n2,Bob,bob@b.co,{reason}\n");
    assert_eq!(rejected(&folder), lines);
    let rerun = load_from(&folder, "rejects", "none");
    assert_eq!(
        (rerun.status, rerun.counts()),
        (Some(0), [[2, 0, 0, 0], [0; 4], [2, 0, 0, 0]])
    );
    assert_eq!(folder.all_rows(), CLEAN_ROWS.map(Vec::from));
}

#[test]
fn a_row_whose_id_is_taken_is_a_reject() {
    let folder = Folder::with_csv(CLEAN);
    folder.execute("users", "INSERT INTO users VALUES (2, 'Zed', 'z@b.co')");
    load_from(&folder, "input", "rejects");
    let expected = "2,Bob,bob@b.co,id 2 is already taken by a different row in users.db (name and email differ)\n";
    assert_eq!(
        rejected(&folder),
        format!("id,name,email,reason\n{expected}")
    );
}

#[test]
fn rejects_of_rejects_have_the_new_reason_in_place_of_the_old_one() {
    let (folder, _) = reject("id,name,email\n1,,bob\n2,Bo,no\n");
    let fixed = rejected(&folder).replace("1,,bob", "1,Al,bob");
    folder.csv("rejects", "users", fixed);
    load_from(&folder, "rejects", "again");
    let again = text(&folder.csv_in("again", "users").unwrap());
    let first = again.lines().nth(1).unwrap();
    assert_eq!(first, "1,Al,bob,\"email is not valid: \"\"bob\"\"\"");
}

#[test]
fn rejects_that_nobody_fixes_stay_the_same() {
    let (folder, _) = reject("id,name,email\n,\"a,\nb\",x\n2,Bo,b@b.co,more,\n3\n4,Di\n");
    load_from(&folder, "rejects", "again");
    assert_eq!(
        rejected(&folder),
        "id,name,email,reason\n\
         ,\"a,\nb\",x,\"id is empty; email is not valid: \"\"x\"\"\"\n\
         2,Bo,b@b.co,more,,\"expected 3 fields, found 5\"\n\
         3,\"expected 3 fields, found 1\"\n\
         4,Di,\"expected 3 fields, found 2\"\n"
    );
    assert!(folder.csv_in("again", "users") == folder.csv_in("rejects", "users"));
}

#[test]
fn a_row_that_lacks_a_column_is_not_loaded_until_it_is_fixed_even_if_that_column_is_ignored() {
    let orders = "id,user_id,product_id,quantity,note\n7,1,1,2\n";
    let folder = Folder::with_csv([CLEAN[0], CLEAN[1], orders]);
    let ignoring = ["--ignore-extra-columns", "--rejects"];
    folder.load(&[&ignoring[..], &["rejects"]].concat());
    let lines = "id,user_id,product_id,quantity,note,reason\n\
                 7,1,1,2,\"expected 5 fields, found 4\"\n";
    let orders = |name| text(&folder.csv_in(name, "orders").unwrap());
    assert_eq!(orders("rejects"), lines);
    let reload = |rejects| {
        let from = ["--from", "rejects"];
        folder.insert(&[&from[..], &ignoring, &[rejects]].concat())
    };
    assert_eq!(reload("again").counts()[2], [0, 0, 1, 0]);
    assert_eq!(orders("again"), lines);
    folder.csv("rejects", "orders", lines.replace("1,2,", "1,2,gift,"));
    assert_eq!(reload("none").counts()[2], [1, 0, 0, 0]);
    assert_eq!(folder.rows("orders"), ["7|1|1|2"]);
}

#[test]
fn a_dry_run_writes_rejects_and_nothing_else() {
    let folder = Folder::with_csv([
        CLEAN[0],
        CLEAN[1],
        "id,user_id,product_id,quantity\n1,1,3,1\n",
    ]);
    let before = folder.contents();
    folder.load(&["--dry-run", "--rejects", "rejects"]);
    let rejects = text(&folder.csv_in("rejects", "orders").unwrap());
    assert_eq!(
        rejects,
        "id,user_id,product_id,quantity,reason\n1,1,3,1,product_id 3 does not exist in products\n"
    );
    assert!(folder.contents() == before);
}

#[cfg(target_os = "linux")] // It has such a folder, even for the superuser.
#[test]
fn a_folder_that_takes_no_files_is_an_error_before_anything_is_loaded() {
    let folder = Folder::initialized();
    let run = folder
        .tradexa(&["insert", "--rejects", "/proc/self"])
        .assert()
        .code(1);
    run.stdout("");
    assert!(folder.rows("users").is_empty());
}

#[cfg(target_os = "linux")] // Where strace is.
#[test]
fn rejects_are_put_in_place_where_files_have_no_links() {
    let folder = Folder::initialized();
    let calls = [
        "inject=renameat2:error=EINVAL",
        "inject=link,linkat:error=EPERM",
    ];
    let options = ["-f", "-o", "/dev/null", "-e", calls[0], "-e", calls[1]];
    let Some(mut strace) = strace(&options) else {
        return;
    };
    strace.current_dir(folder.outside()).arg(TRADEXA);
    strace.args(["--dir", "databases", "insert", "--rejects", "rejects"]);
    let run = Run::of(&mut bounded(strace));
    assert_eq!((run.status, &run.stderr[..]), (Some(0), ""));
    assert_eq!(rejected(&folder).lines().count(), 2);
}
