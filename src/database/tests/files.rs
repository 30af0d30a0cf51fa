//! Which files are opened, and which are refused.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::symlink;

use super::*;

/// What each way to use the database of users says.
fn problems(folder: &std::path::Path) -> Vec<String> {
    let table = TABLES[0];
    let results = [
        is_initialized(table, folder, &none()).map(drop),
        create(table, folder, &none()).map(drop),
        Reader::open(table, folder, &none()).map(drop),
        Reader::open_or_empty(table, folder, None, &none()).map(drop),
        Database::open(table, folder, &none()).map(drop),
    ];
    let problems = results.into_iter().map(|result| match result {
        Ok(()) => String::new(),
        Err(problem) => problem.to_string(),
    });
    problems.collect()
}

fn all_say(folder: &TempDir, start: &str) {
    for problem in problems(folder.path()) {
        assert!(problem.starts_with(start), "{problem:?}");
    }
}

#[test]
fn what_is_created_is_ready_and_keeps_its_rows_when_it_is_created_again() {
    let folder = TempDir::new().unwrap();
    let is_ready = || is_initialized(TABLES[0], folder.path(), &none()).unwrap();
    assert!(!is_ready());
    create(TABLES[0], folder.path(), &none()).unwrap();
    assert!(is_ready());
    let fixture = Fixture::open(0, folder);
    fixture.insert(&users([1]));
    create(TABLES[0], fixture.folder.path(), &none()).unwrap();
    assert_eq!(fixture.ids(), [1]);
}

#[test]
fn an_empty_file_and_a_file_with_other_tables_are_given_the_table() {
    for sql in ["", "CREATE TABLE x (y)"] {
        let folder = made_by(0, sql);
        assert!(!is_initialized(TABLES[0], folder.path(), &none()).unwrap());
        create(TABLES[0], folder.path(), &none()).unwrap();
        assert_eq!(Fixture::open(0, folder).insert(&users([1])), [inserted()]);
    }
}

#[test]
fn a_file_that_is_not_a_database_is_refused() {
    let folder = TempDir::new().unwrap();
    let text = "not a database, but long enough to have a header ".repeat(100);
    fs::write(path(TABLES[0], folder.path()), text).unwrap();
    all_say(&folder, "is not a SQLite database: ");
}

#[test]
fn a_folder_in_its_place_is_refused() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(path(TABLES[0], folder.path())).unwrap();
    all_say(&folder, "is not a file: ");
}

#[test]
fn another_table_is_refused_and_the_difference_named() {
    for (declared, found) in [
        (
            "TABLE users (id INTEGER PRIMARY KEY, name TEXT)",
            "(id INTEGER PRIMARY KEY, name TEXT)",
        ),
        (
            "TABLE users (id INTEGER PRIMARY KEY DESC, name TEXT, email TEXT)",
            "(id INTEGER PRIMARY KEY, name TEXT, email TEXT) with an index for the primary key",
        ),
        ("VIEW users AS SELECT 1", "a view"),
        ("TABLE t (a); CREATE INDEX users ON t(a)", "an index"),
        (
            "TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT);
             CREATE TRIGGER t AFTER INSERT ON users BEGIN SELECT 1; END",
            "(id INTEGER PRIMARY KEY, name TEXT, email TEXT) with a trigger t",
        ),
    ] {
        let folder = made_by(0, &format!("CREATE {declared};"));
        let start = format!(
            "has a different table users: expected (id INTEGER PRIMARY KEY, name TEXT, email TEXT), found {found} (move"
        );
        all_say(&folder, &start);
    }
}

#[test]
fn a_trigger_or_a_view_of_another_table_does_not_matter() {
    let sql = "CREATE TABLE Users (ID integer PRIMARY KEY, name TEXT, email TEXT);
        CREATE TABLE x (y); CREATE VIEW v AS SELECT * FROM users;
        CREATE TRIGGER t AFTER INSERT ON x BEGIN DELETE FROM users; END";
    assert_eq!(Fixture::made_by(0, sql).insert(&users([1])), [inserted()]);
}

#[test]
fn a_file_with_a_second_name_is_refused() {
    let fixture = Fixture::new(0);
    fs::hard_link(fixture.path(), fixture.folder.path().join("second")).unwrap();
    drop(fixture.database);
    all_say(&fixture.folder, "has a second name (a hard link), ");
}

#[cfg(unix)] // Links, which take a privilege on Windows.
#[test]
fn a_link_to_nothing_is_refused_and_nothing_is_created() {
    let folder = TempDir::new().unwrap();
    symlink("nothing", path(TABLES[0], folder.path())).unwrap();
    all_say(&folder, "is a link to a file that does not exist: ");
    assert!(!folder.path().join("nothing").exists());
}

#[cfg(unix)] // Links, which take a privilege on Windows.
#[test]
fn a_link_to_itself_is_refused() {
    let folder = TempDir::new().unwrap();
    symlink("users.db", path(TABLES[0], folder.path())).unwrap();
    all_say(&folder, "cannot be opened: ");
}

#[cfg(unix)] // Links, which take a privilege on Windows.
#[test]
fn a_linked_database_is_used_where_it_is() {
    let original = Fixture::new(0);
    original.insert(&users([1]));
    drop(original.database);
    let links = TempDir::new().unwrap();
    let file = path(TABLES[0], original.folder.path());
    symlink(&file, path(TABLES[0], links.path())).unwrap();
    let linked = Fixture::open(0, links);
    assert_eq!(linked.insert(&users([1, 2])), [Unchanged, inserted()]);
    assert!(beside(&file, "-wal").exists());
    assert!(!beside(&linked.path(), "-wal").exists());
}

#[test]
fn files_of_their_own_and_missing_ones_are_not_shared() {
    let folder = TempDir::new().unwrap();
    refuse_shared_files(folder.path(), TABLES).unwrap();
    for table in TABLES {
        create(table, folder.path(), &none()).unwrap();
        refuse_shared_files(folder.path(), TABLES).unwrap();
    }
}

#[test]
fn two_tables_in_one_file_by_a_hard_link_are_refused() {
    let folder = TempDir::new().unwrap();
    create(TABLES[1], folder.path(), &none()).unwrap();
    let [one, other] = [1, 2].map(|table| path(TABLES[table], folder.path()));
    fs::hard_link(one, other).unwrap();
    assert_eq!(
        refuse_shared_files(folder.path(), TABLES)
            .unwrap_err()
            .to_string(),
        "products.db and orders.db are one file (by a link): give each table a file of its own"
    );
}

#[cfg(unix)] // Links, which take a privilege on Windows.
#[test]
fn two_tables_in_one_file_by_a_symbolic_link_are_refused() {
    for target in ["orders.db", "elsewhere"] {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join(target), "").unwrap();
        for table in [0, 2] {
            // One that is there already is the file itself.
            let _ = symlink(target, path(TABLES[table], folder.path()));
        }
        assert_eq!(
            refuse_shared_files(folder.path(), TABLES)
                .unwrap_err()
                .to_string(),
            "users.db and orders.db are one file (by a link): give each table a file of its own"
        );
    }
}

/// A new folder below another one, so that the path of its database of users has this many bytes.
#[cfg(unix)] // The limit of Unix.
fn folder_of_length(folder: &TempDir, length: usize) -> std::path::PathBuf {
    let mut deep = folder.path().canonicalize().unwrap();
    while deep.as_os_str().len() + "/users.db".len() < length {
        let left = length - deep.as_os_str().len() - "/users.db".len();
        // A folder's name takes a slash and at least one more byte.
        let take = if left > 100 { 50 } else { left };
        deep.push("d".repeat(take - 1));
    }
    fs::create_dir_all(&deep).unwrap();
    assert_eq!(deep.join("users.db").as_os_str().len(), length);
    deep
}

#[cfg(unix)] // The limit of Unix.
#[test]
fn the_longest_path_that_sqlite_accepts_is_used() {
    let folder = TempDir::new().unwrap();
    let deep = folder_of_length(&folder, platform::MAX_PATH_LENGTH);
    create(TABLES[0], &deep, &none()).unwrap();
    let database = Database::open(TABLES[0], &deep, &none()).unwrap();
    Database::prepare(vec![database]).unwrap();
}

#[cfg(unix)] // The limit of Unix.
#[test]
fn a_path_that_is_too_long_for_sqlite_is_reported_as_the_reason() {
    let expected =
        "has a path that is too long for SQLite: choose a folder with a shorter path with --dir";
    let folder = TempDir::new().unwrap();
    let deep = folder_of_length(&folder, platform::MAX_PATH_LENGTH + 1);
    assert_eq!(problems(&deep)[1], expected);
    fs::write(deep.join("users.db"), "").unwrap();
    assert_eq!(problems(&deep), [expected; 5]);
    let impossible = folder.path().join("d".repeat(300));
    assert_eq!(problems(&impossible), [expected; 5]);
}

#[test]
fn folders_with_any_name_are_used() {
    for name in ["file:x", "a b", "100%", "a?mode=memory", "ü#", ":memory:"] {
        let folder = TempDir::new().unwrap();
        let folder = folder.path().join(name);
        if fs::create_dir(&folder).is_err() {
            continue; // Windows does not take all of these.
        }
        create(TABLES[0], &folder, &none()).unwrap();
        let reader = Reader::open(TABLES[0], &folder, &none()).unwrap();
        assert_eq!(stored(&reader, &[1]), [0; 0], "{name}");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "{name}");
    }
}
