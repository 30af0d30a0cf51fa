//! Where rows come from: files of any name, standard input, archives; and columns of any name.

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::kit::{CLEAN, CLEAN_ROWS, Folder, many, shown};

fn gzip(text: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_ref()).unwrap();
    encoder.finish().unwrap()
}

/// A folder with empty databases, and these files beside it.
fn beside(files: &[(&str, &[u8])]) -> Folder {
    let folder = Folder::initialized();
    for (name, bytes) in files {
        fs::write(folder.outside().join(name), bytes).unwrap();
    }
    folder
}

/// Runs `insert` with these arguments, which must fail with this message on stderr.
#[track_caller]
fn refuses(folder: &Folder, arguments: &[&str], message: &str) {
    let run = folder.insert(arguments);
    assert_eq!(run.status, Some(1), "{}", run.stderr);
    assert!(run.stderr.contains(&shown(message)), "{}", run.stderr);
    assert!(folder.all_rows().concat().is_empty());
}

#[test]
fn each_table_may_have_a_file_of_any_name() {
    let [users, products, orders] = CLEAN.map(str::as_bytes);
    let folder = beside(&[
        ("people=1.txt", users),
        ("things", products),
        ("o.csv", orders),
    ]);
    let arguments = [
        "--file=users=people=1.txt",
        "--file=Products=things",
        "--file",
        "orders=./o.csv",
    ];
    folder.insert(&arguments).succeeded();
    assert_eq!(folder.all_rows(), CLEAN_ROWS.map(Vec::from));
}

#[test]
fn a_file_that_is_named_takes_precedence_over_that_of_the_folder() {
    let folder = Folder::with_csv(CLEAN);
    let other = "id,name,email\n1,Zoe,zoe@b.co\n2,Yan,yan@b.co\n";
    fs::write(folder.outside().join("other.csv"), other).unwrap();
    let run = folder.load(&["--file=users=other.csv"]).succeeded();
    assert_eq!(folder.rows("users"), ["1|Zoe|zoe@b.co", "2|Yan|yan@b.co"]);
    assert_eq!(folder.rows("orders").len(), 2);
    let notice = "input/users.csv is not read: --file names another file for its table";
    assert!(run.stderr.contains(&shown(notice)), "{}", run.stderr);
}

#[test]
fn one_table_comes_from_standard_input() {
    let folder = Folder::with_csv(CLEAN);
    fs::remove_file(folder.outside().join("input/users.csv")).unwrap();
    for text in [CLEAN[0].as_bytes().to_vec(), gzip(CLEAN[0])] {
        let folder = folder.copy();
        let arguments = ["insert", "--from=input", "--file=users=-"];
        let run = folder.tradexa(&arguments).write_stdin(text).assert();
        run.success();
        assert_eq!(folder.all_rows(), CLEAN_ROWS.map(Vec::from));
    }
}

#[test]
fn standard_input_is_for_one_table_only() {
    let folder = Folder::initialized();
    let arguments = ["--file=users=-", "--file=orders=-"];
    refuses(
        &folder,
        &arguments,
        "standard input can be read for one table only",
    );
}

#[test]
fn two_files_for_one_table_are_refused() {
    let folder = beside(&[("a", CLEAN[0].as_bytes()), ("b", CLEAN[0].as_bytes())]);
    let arguments = ["--file=users=a", "--file=USERS=b"];
    refuses(&folder, &arguments, "--file names two files for users");
    folder.csv("input", "users", CLEAN[0]);
    fs::write(folder.outside().join("input/users.csv.gz"), gzip(CLEAN[0])).unwrap();
    let message = "input/users.csv exists, and so does users.csv.gz: move one of them away";
    refuses(&folder, &["--from=input"], message);
}

#[test]
fn a_file_must_be_there_and_for_a_table() {
    let folder = Folder::initialized();
    refuses(
        &folder,
        &["--file=users=none.csv"],
        "none.csv could not be read: ",
    );
    let message = "--file people=none.csv does not begin with a table and `=`: the tables are users, products, orders";
    refuses(&folder, &["--file=people=none.csv"], message);
    for wrong in [
        "--file=users",
        "--file==a",
        "--file=users=",
        "--column=users=a",
        "--column=email=a=b",
    ] {
        folder.tradexa(&["insert", wrong]).assert().code(2);
    }
}

#[test]
fn archives_are_recognized_by_content_and_not_by_name() {
    let folder = Folder::initialized();
    let input = folder.outside().join("input");
    fs::create_dir(&input).unwrap();
    fs::write(input.join("users.csv.gz"), gzip(CLEAN[0])).unwrap();
    fs::write(input.join("products.csv"), gzip(CLEAN[1])).unwrap();
    fs::write(input.join("orders.csv.gz"), CLEAN[2]).unwrap();
    let run = folder.load(&[]).succeeded();
    assert_eq!(run.stderr, "");
    assert_eq!(folder.all_rows(), CLEAN_ROWS.map(Vec::from));
}

#[test]
fn the_rows_before_the_end_of_a_cut_archive_are_loaded_and_reported() {
    let [users, ..] = many(5_000);
    let archive = gzip(&users);
    let folder = beside(&[("cut.gz", &archive[..archive.len() / 2])]);
    let run = folder.insert(&["--file=users=cut.gz"]);
    assert_eq!(run.status, Some(1));
    let message = "cut.gz could not be read to its end: the gzip archive is cut short\n";
    assert!(run.stderr.contains(message), "{}", run.stderr);
    let loaded = run.count("users", "inserted");
    assert!((1_000..5_000).contains(&loaded), "{loaded}");
    assert_eq!(folder.rows("users").len() as u64, loaded);
}

#[test]
fn a_file_that_is_read_is_not_replaced_by_its_rejects() {
    let folder = Folder::initialized();
    folder.csv("input", "users", CLEAN[0]);
    let arguments = [
        "--file=users=input/users.csv",
        "--rejects=input",
        "--overwrite",
    ];
    refuses(
        &folder,
        &arguments,
        "input/users.csv is being read by this run",
    );
}

#[test]
fn a_column_may_have_any_name_in_its_file() {
    let users = "E=Mail;id,id,name\nalice@b.co,1,Alice\nbob@b.co,2,Bob\n";
    let folder = Folder::with_csv([users, CLEAN[1], CLEAN[2]]);
    let run = folder.load(&["--column=Users.EMAIL=e=MAIL;id"]);
    assert!(run.succeeded().stderr.is_empty());
    assert_eq!(folder.all_rows(), CLEAN_ROWS.map(Vec::from));
}

#[test]
fn unknown_columns_and_columns_renamed_twice_are_refused() {
    let folder = Folder::with_csv(CLEAN);
    for (arguments, message) in [
        (
            &["--column=users.mail=x"][..],
            "--column users.mail=x does not name a column of users and `=`: its columns are id, name, email",
        ),
        (
            &["--column=people.id=x"],
            "--column people.id=x does not begin with a table and `.`: the tables are users, products, orders",
        ),
        (
            &["--column=users.id=x", "--column=users.ID=y"],
            "--column gives users.id two names: give it one",
        ),
    ] {
        let arguments = [&["--from=input"], arguments].concat();
        refuses(&folder, &arguments, message);
    }
}
