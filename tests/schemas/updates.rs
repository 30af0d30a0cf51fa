//! Rows that replace stored ones with the same key, with `--update`.

use std::process::Command;

use super::kit::{Folder, Run, TRADEXA, bounded};
use super::with_script;

const SHOP: &str = "
    CREATE TABLE groups (code TEXT PRIMARY KEY, alias TEXT UNIQUE, name TEXT);
    CREATE TABLE items (id INTEGER PRIMARY KEY, group_code TEXT REFERENCES groups (code),
        alias TEXT REFERENCES groups (alias), price INTEGER CHECK (price > 0), sku TEXT UNIQUE, note TEXT DEFAULT 'new');
    CREATE TABLE links (a INTEGER, b TEXT, weight INTEGER, PRIMARY KEY (a, b));
    CREATE TABLE people (id INTEGER PRIMARY KEY, boss INTEGER REFERENCES people (id), name TEXT);";

const GROUPS: &str = "code,alias,name\nx,ax,Ex\ny,,Why\n";

/// Where the tables live.
#[derive(Debug, Clone, Copy)]
enum Layout {
    Files,
    OneFile,
}

const LAYOUTS: [Layout; 2] = [Layout::Files, Layout::OneFile];

struct Shop {
    folder: Folder,
    layout: Layout,
}

impl Shop {
    /// The tables, without rows.
    fn new(layout: Layout) -> Shop {
        Shop::with(layout, SHOP)
    }

    /// Other tables.
    fn with(layout: Layout, script: &str) -> Shop {
        let shop = Shop {
            folder: with_script(script),
            layout,
        };
        shop.tradexa(&["init"]).succeeded();
        shop
    }

    fn tradexa(&self, arguments: &[&str]) -> Run {
        let mut command = Command::new(TRADEXA);
        for variable in ["TRADEXA_DIR", "TRADEXA_SCHEMA", "TRADEXA_DATABASE"] {
            command.env_remove(variable);
        }
        command.current_dir(self.folder.outside());
        match self.layout {
            Layout::Files => command.arg("--dir").arg(self.folder.name()),
            Layout::OneFile => command.args(["--database", "app.db"]),
        };
        command.args(["--schema", "schema.sql"]).args(arguments);
        Run::of(&mut bounded(command))
    }

    /// Loads the rows of one table.
    fn load(&self, table: &str, csv: &str, more: &[&str]) -> Run {
        self.folder.csv("in", table, csv);
        let file = format!("{table}=in/{table}.csv");
        self.tradexa(&[&["insert", "--format", "json", "--file", &file], more].concat())
    }

    fn update(&self, table: &str, csv: &str) -> Run {
        self.load(table, csv, &["--update"]).succeeded()
    }

    /// The rows of a table, each as its values.
    fn rows(&self, table: &str) -> Vec<String> {
        let file = match self.layout {
            Layout::Files => format!("{}/{table}.db", self.folder.name().display()),
            Layout::OneFile => "app.db".to_string(),
        };
        let path = self.folder.outside().join(file);
        let connection = rusqlite::Connection::open(path).expect("a database");
        let sql = format!("SELECT * FROM {table} ORDER BY 1, 2");
        let mut statement = connection.prepare(&sql).expect("SQL");
        let width = statement.column_count();
        let rows = statement.query_map([], |row| {
            let value = |column| row.get::<_, rusqlite::types::Value>(column);
            let texts = (0..width).map(|column| {
                Ok(match value(column)? {
                    rusqlite::types::Value::Null => String::new(),
                    rusqlite::types::Value::Integer(number) => number.to_string(),
                    rusqlite::types::Value::Text(text) => text,
                    other => format!("{other:?}"),
                })
            });
            Ok(texts.collect::<rusqlite::Result<Vec<_>>>()?.join(","))
        });
        rows.and_then(Iterator::collect).expect("rows")
    }
}

/// Inserted, updated, unchanged, skipped and failed.
fn counts(run: &Run, table: &str) -> [u64; 5] {
    ["inserted", "updated", "unchanged", "skipped", "failed"]
        .map(|outcome| run.count(table, outcome))
}

fn reasons(run: &Run, table: &str) -> Vec<String> {
    let rows = run.list(table, "skipped_rows").iter();
    rows.flat_map(|row| row["reasons"].as_array().expect("reasons"))
        .map(|reason| reason.as_str().expect("a text").to_string())
        .collect()
}

#[test]
fn changed_rows_replace_stored_ones_and_are_reported_apart() {
    for layout in LAYOUTS {
        let shop = Shop::new(layout);
        shop.update("links", "a,b,weight\n1,x,1\n1,y,2\n");
        let changed = "a,b,weight\n1,x,1\n1,y,3\n2,x,4\n";
        let run = shop.update("links", changed);
        assert_eq!(counts(&run, "links"), [1, 1, 1, 0, 0], "{layout:?}");
        assert_eq!(run.list("links", "updated_rows")[0]["weight"], 3);
        assert_eq!(shop.rows("links"), ["1,x,1", "1,y,3", "2,x,4"]);
        let again = shop.update("links", changed);
        assert_eq!(counts(&again, "links"), [0, 0, 3, 0, 0], "{layout:?}");
    }
}

#[test]
fn nothing_stored_changes_without_the_option() {
    for layout in LAYOUTS {
        let shop = Shop::new(layout);
        shop.load("groups", GROUPS, &[]).succeeded();
        let run = shop.load("groups", "code,alias,name\nx,ax,New\n", &[]);
        assert_eq!(counts(&run, "groups"), [0, 0, 0, 1, 0]);
        assert_eq!(shop.rows("groups"), ["x,ax,Ex", "y,,Why"]);
    }
}

#[test]
fn a_dry_run_tells_what_would_change_and_changes_nothing() {
    for layout in LAYOUTS {
        let shop = Shop::new(layout);
        shop.update("groups", GROUPS);
        let changed = "code,alias,name\nx,ax,New\nz,,Zed\n";
        let run = shop.load("groups", changed, &["--update", "--dry-run"]);
        assert_eq!(counts(&run, "groups"), [1, 1, 0, 0, 0]);
        assert!(run.list("groups", "updated_rows").is_empty());
        assert_eq!(shop.rows("groups"), ["x,ax,Ex", "y,,Why"]);
    }
}

#[test]
fn columns_that_the_file_does_not_have_stay() {
    for layout in LAYOUTS {
        let shop = Shop::new(layout);
        shop.update("groups", GROUPS);
        shop.update(
            "items",
            "id,group_code,alias,price,sku,note\n1,x,ax,5,s1,kept\n",
        );
        let run = shop.update("items", "id,group_code,alias,price,sku\n1,y,,6,s2\n");
        let said = "no column \"note\": it gets its default (stored rows keep their values)";
        assert!(run.stderr.contains(said), "{}", run.stderr);
        assert_eq!(counts(&run, "items"), [0, 1, 0, 0, 0]);
        assert_eq!(shop.rows("items"), ["1,y,,6,s2,kept"]);
    }
}

#[test]
fn stored_values_of_columns_that_the_file_does_not_have_take_part_in_the_rules() {
    for layout in LAYOUTS {
        let shop = Shop::with(
            layout,
            "CREATE TABLE places (country TEXT, town TEXT, PRIMARY KEY (country, town));
             CREATE TABLE stays (id INTEGER PRIMARY KEY, country TEXT DEFAULT 'fr', town TEXT, low INTEGER,
                 high INTEGER DEFAULT 9, room TEXT, bed TEXT, UNIQUE (room, bed), CHECK (low <= high),
                 FOREIGN KEY (country, town) REFERENCES places);",
        );
        shop.update("places", "country,town\nde,Bonn\nde,Ulm\nfr,Metz\n");
        let all = "id,country,town,low,high,room,bed";
        let stored = "1,de,Bonn,1,5,a,1\n2,de,Bonn,1,5,a,2\n3,fr,Metz,1,5,b,1\n";
        shop.update("stays", &format!("{all}\n{stored}"));
        for (header, row, reason) in [
            (
                "id,town",
                "1,Metz",
                "(country, town) (\"de\", \"Metz\") does not exist in places",
            ),
            ("id,low", "1,6", "CHECK (low <= high) failed"),
            ("id,bed", "1,2", "is already used by id 2"),
        ] {
            let run = shop.update("stays", &format!("{header}\n{row}\n"));
            assert_eq!(counts(&run, "stays"), [0, 0, 0, 1, 0], "{row}");
            let reasons = reasons(&run, "stays").concat();
            assert!(reasons.contains(reason), "{reasons}");
        }
        let run = shop.update(
            "stays",
            "id,town,low,bed\n1,Ulm,5,3\n3,Metz,2,1\n4,Metz,9,\n",
        );
        assert_eq!(counts(&run, "stays"), [1, 2, 0, 0, 0]);
        assert_eq!(
            shop.rows("stays"),
            [
                "1,de,Ulm,5,5,a,3",
                "2,de,Bonn,1,5,a,2",
                "3,fr,Metz,2,5,b,1",
                "4,fr,Metz,9,9,,"
            ]
        );
        let check = shop.tradexa(&["check"]);
        assert_eq!(check.status, Some(0), "{}", check.stdout);
    }
}

#[test]
fn new_values_must_follow_all_rules() {
    for layout in LAYOUTS {
        let shop = Shop::new(layout);
        shop.update("groups", GROUPS);
        let header = "id,group_code,alias,price,sku,note";
        let stored = format!("{header}\n1,x,ax,5,s1,a\n2,x,,5,s2,b\n");
        shop.update("items", &stored);
        let broken = format!("{header}\n1,none,ax,0,s2,a\n2,x,,5,s2,b\n2,y,,5,s2,b\n");
        let run = shop.update("items", &broken);
        assert_eq!(counts(&run, "items"), [0, 0, 1, 2, 0], "{layout:?}");
        let reasons = reasons(&run, "items").join("; ");
        for part in [
            "group_code \"none\" does not exist in groups",
            "price > 0",
            "sku \"s2\" is already used by id 2",
            "id 2 is already used on line 3",
        ] {
            assert!(reasons.contains(part), "{part} in {reasons}");
        }
        assert_eq!(shop.rows("items"), ["1,x,ax,5,s1,a", "2,x,,5,s2,b"]);
    }
}

#[test]
fn a_unique_value_that_is_given_up_is_free_in_the_next_load() {
    for layout in LAYOUTS {
        let shop = Shop::new(layout);
        let header = "id,group_code,alias,price,sku,note";
        shop.update("items", &format!("{header}\n1,,,5,s1,a\n2,,,5,s2,b\n"));
        let moved = format!("{header}\n1,,,5,s3,a\n2,,,5,s1,b\n");
        let run = shop.update("items", &moved);
        assert_eq!(counts(&run, "items"), [0, 1, 0, 1, 0]);
        assert_eq!(
            reasons(&run, "items"),
            ["sku \"s1\" is already used by id 1"]
        );
        let run = shop.update("items", &moved);
        assert_eq!(counts(&run, "items"), [0, 1, 1, 0, 0]);
        assert_eq!(shop.rows("items"), ["1,,,5,s3,a", "2,,,5,s1,b"]);
        let swapped = format!("{header}\n1,,,5,s1,a\n2,,,5,s3,b\n");
        for _ in 0..2 {
            let run = shop.update("items", &swapped);
            assert_eq!(counts(&run, "items"), [0, 0, 0, 2, 0], "{layout:?}");
        }
    }
}

#[test]
fn values_that_references_go_to_do_not_change() {
    for layout in LAYOUTS {
        let shop = Shop::new(layout);
        shop.update("groups", GROUPS);
        let run = shop.update("groups", "code,alias,name\nx,bx,Ex\ny,ay,Why\n");
        let reason = "alias cannot change: items refers to it";
        assert_eq!(reasons(&run, "groups"), [reason, reason], "{layout:?}");
        assert_eq!(shop.rows("groups"), ["x,ax,Ex", "y,,Why"]);
    }
}

#[test]
fn a_row_that_refers_to_a_value_that_cannot_be_set_is_skipped() {
    for layout in LAYOUTS {
        let shop = Shop::new(layout);
        shop.update("groups", GROUPS);
        shop.folder
            .csv("in", "groups", "code,alias,name\nx,bx,Ex\n");
        shop.folder.csv(
            "in",
            "items",
            "id,alias,price,group_code,sku,note\n1,bx,5,,,\n2,ax,5,,,\n",
        );
        let arguments = ["insert", "--format", "json", "--update", "--from", "in"];
        let run = shop.tradexa(&arguments).succeeded();
        assert_eq!(counts(&run, "items"), [1, 0, 0, 1, 0], "{}", run.stdout);
        assert_eq!(shop.rows("items"), ["2,,ax,5,,"]);
    }
}

#[test]
fn updated_rows_may_refer_to_other_rows_of_their_table_than_before() {
    for layout in LAYOUTS {
        let shop = Shop::new(layout);
        shop.update("people", "id,boss,name\n1,,a\n2,1,b\n");
        let run = shop.update("people", "id,boss,name\n1,2,a\n2,3,b\n3,,c\n4,9,d\n");
        assert_eq!(counts(&run, "people"), [1, 2, 0, 1, 0], "{layout:?}");
        assert_eq!(shop.rows("people"), ["1,2,a", "2,3,b", "3,,c"]);
    }
}

#[test]
fn tables_show_updated_rows_under_a_heading_of_their_own() {
    let shop = Shop::new(Layout::Files);
    shop.update("groups", GROUPS);
    shop.folder
        .csv("in", "groups", "code,alias,name\nx,ax,New\n");
    let run = shop.tradexa(&["insert", "--update", "--file", "groups=in/groups.csv"]);
    assert!(
        run.stdout.contains("=== UPDATED DATA ==="),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("GROUPS TABLE (Updated)"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("groups: 0 inserted, 1 updated"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_row_that_sqlite_refuses_to_update_fails_alone() {
    let shop = Shop::new(Layout::OneFile);
    shop.update("people", "id,boss,name\n1,,a\n2,,b\n3,,c\n4,,d\n5,,e\n");
    let path = shop.folder.outside().join("app.db");
    let connection = rusqlite::Connection::open(path).expect("a database");
    let triggers = "CREATE TABLE seen (id INTEGER);
        CREATE TRIGGER sees AFTER UPDATE ON people BEGIN INSERT INTO seen VALUES (new.id); END;
        CREATE TRIGGER aborts BEFORE UPDATE ON people WHEN new.name = 'aborted'
        BEGIN SELECT RAISE(ABORT, 'not so'); END;
        CREATE TRIGGER ignores BEFORE UPDATE ON people WHEN new.name = 'ignored'
        BEGIN SELECT RAISE(IGNORE); END;
        CREATE TRIGGER undoes BEFORE UPDATE ON people WHEN new.name = 'undone'
        BEGIN SELECT RAISE(ROLLBACK, 'all is undone'); END;";
    connection.execute_batch(triggers).expect("SQL");
    drop(connection);
    let csv = "id,boss,name\n1,,aborted\n2,,ignored\n3,,undone\n4,,undone\n5,,new\n6,1,child\n";
    let run = shop.load("people", csv, &["--update", "--threads", "1"]);
    assert_eq!(counts(&run, "people"), [1, 1, 0, 0, 4], "{}", run.stdout);
    assert_eq!(
        shop.rows("people"),
        ["1,,a", "2,,b", "3,,c", "4,,d", "5,,new", "6,1,child"]
    );
    assert_eq!(shop.rows("seen, people WHERE seen.id = people.id").len(), 1);
}

#[test]
fn a_table_that_cannot_be_loaded_keeps_what_it_refers_to() {
    let shop = Shop::new(Layout::OneFile);
    shop.update("groups", GROUPS);
    let path = shop.folder.outside().join("app.db");
    let circle = "CREATE TABLE p (id INTEGER PRIMARY KEY, q REFERENCES q (id), name TEXT REFERENCES groups (name));
        CREATE TABLE q (id INTEGER PRIMARY KEY, p REFERENCES p (id));";
    let connection = rusqlite::Connection::open(path).expect("a database");
    connection.execute_batch(circle).expect("SQL");
    drop(connection);
    let run = shop.update("groups", "code,alias,name\nx,ax,New\n");
    assert_eq!(
        reasons(&run, "groups"),
        ["name cannot change: p refers to it"]
    );
}

#[test]
fn a_night_with_changed_new_and_broken_rows_leaves_nothing_for_the_next() {
    for layout in LAYOUTS {
        let shop = Shop::new(layout);
        let night = |changed: i64, new: i64| {
            let row = |id: i64| format!("{id},,{}\n", if id <= changed { "new" } else { "old" });
            "id,boss,name\n".to_string() + &(1..=5_000 + new).map(row).collect::<String>()
        };
        shop.update("people", &night(0, 0));
        let second = night(50, 5) + "6000,9999,dangles\nx,,no number\n";
        let run = shop.update("people", &second);
        assert_eq!(counts(&run, "people"), [5, 50, 4_950, 2, 0], "{layout:?}");
        let run = shop.update("people", &night(50, 5));
        assert_eq!(counts(&run, "people"), [0, 0, 5_005, 0, 0], "{layout:?}");
    }
}

#[test]
fn advice_to_load_a_file_again_says_what_happens_to_rows_that_are_already_stored() {
    let shop = Shop::with(
        Layout::Files,
        "CREATE TABLE numbered (id INTEGER PRIMARY KEY, name TEXT);
         CREATE TABLE named (code TEXT PRIMARY KEY, name TEXT);
         CREATE TABLE log (day TEXT, name TEXT);",
    );
    for (table, csv, words) in [
        (
            "numbered",
            "id,name\n1,NA\n",
            "--update replaces rows that are stored already)",
        ),
        ("named", "code,name\na,NA\n", "if their keys stay the same)"),
        (
            "numbered",
            "name\nNA\n",
            "first delete the rows that are already stored",
        ),
        (
            "log",
            "day,name\nx,NA\n",
            "first delete the rows that are already stored",
        ),
    ] {
        let run = shop.load(table, csv, &[]).succeeded();
        assert!(run.stderr.contains(words), "{table}: {}", run.stderr);
        let update = shop.update(table, csv);
        let said =
            format!("does not have the primary key of {table}, so --update replaces no rows");
        assert_eq!(
            update.stderr.contains(&said),
            words.starts_with("first delete"),
            "{}",
            update.stderr
        );
    }
}

#[test]
fn a_stored_row_is_not_changed_to_refer_to_a_new_row_that_sqlite_refuses() {
    for raise in ["ABORT, 'ten'", "FAIL, 'ten'", "ROLLBACK, 'ten'", "IGNORE"] {
        let folder = super::one_file::app(&format!(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, s INTEGER REFERENCES t (id));
             INSERT INTO t VALUES (5, NULL), (6, NULL);
             CREATE TRIGGER z BEFORE INSERT ON t WHEN new.id = 10 BEGIN SELECT RAISE({raise}); END;"
        ));
        folder.csv("in", "t", "id,s\n10,12\n6,10\n12,7\n7,5\n8,6\n");
        for again in [false, true] {
            let arguments = ["insert", "--from", "in", "--update", "--format", "json"];
            let run = super::one_file::tradexa(&folder, &arguments);
            let expected = if again {
                [0, 0, 3, 0, 2]
            } else {
                [3, 0, 0, 0, 2]
            };
            assert_eq!(counts(&run, "t"), expected, "{raise}: {}", run.stdout);
            let stored =
                super::one_file::query(&folder, "SELECT id || ' ' || ifnull(s, '') FROM t");
            assert_eq!(stored, ["5 ", "6 ", "7 5", "8 6", "12 7"], "{raise}");
        }
    }
}

#[test]
fn a_new_row_may_refer_to_a_stored_one_that_cannot_be_updated() {
    for threads in ["1", "64"] {
        let folder = super::one_file::app(
            "CREATE TABLE p (id INTEGER PRIMARY KEY);
             CREATE TABLE people (id INTEGER PRIMARY KEY, boss INTEGER REFERENCES people (id), p INTEGER REFERENCES p (id));
             INSERT INTO people VALUES (1, NULL, NULL);
             CREATE TRIGGER z BEFORE INSERT ON p WHEN new.id = 9 BEGIN SELECT RAISE(ABORT, 'nine'); END;",
        );
        folder.csv("in", "p", "id\n9\n");
        // With one thread, the last two are written together.
        folder.csv("in", "people", "id,boss,p\n7,,\n1,,9\n2,1,\n");
        let arguments = [
            "insert",
            "--from",
            "in",
            "--update",
            "--format",
            "json",
            "--threads",
            threads,
        ];
        let run = super::one_file::tradexa(&folder, &arguments);
        assert_eq!(
            counts(&run, "people"),
            [2, 0, 0, 0, 1],
            "{threads}: {}",
            run.stdout
        );
        let stored =
            super::one_file::query(&folder, "SELECT id || ' ' || ifnull(boss, '') FROM people");
        assert_eq!(stored, ["1 ", "2 1", "7 "]);
    }
}

#[test]
fn rows_of_which_different_columns_changed_are_updated_beside_each_other() {
    for layout in LAYOUTS {
        let shop = Shop::with(
            layout,
            "CREATE TABLE t (code TEXT PRIMARY KEY, a TEXT, b TEXT);",
        );
        shop.update("t", "code,a,b\nw,1,1\nx,1,1\ny,1,1\nz,1,1\n");
        let changed = "code,a,b\nw,1,2\nx,2,1\ny,2,2\nz,1,3\n";
        let run = shop.load("t", changed, &["--update", "--threads", "1"]);
        assert_eq!(counts(&run, "t"), [0, 4, 0, 0, 0], "{layout:?}");
        assert_eq!(shop.rows("t"), ["w,1,2", "x,2,1", "y,2,2", "z,1,3"]);
    }
}

#[test]
fn a_key_in_other_letters_is_a_change_of_its_column() {
    for layout in LAYOUTS {
        let script = "CREATE TABLE tags (code TEXT PRIMARY KEY COLLATE NOCASE, name TEXT);";
        let shop = Shop::with(layout, script);
        shop.update("tags", "code,name\nabc,A\nx,X\n");
        for rows in ["ABC,A\n", "ABC,A\nx,X\n"] {
            let run = shop.load("tags", &format!("code,name\n{rows}"), &[]);
            let taken = "code \"ABC\" is already taken by a different row in ";
            let reasons = reasons(&run, "tags");
            assert!(
                reasons.len() == 1 && reasons[0].starts_with(taken),
                "{reasons:?}"
            );
            assert!(reasons[0].ends_with("(code differs)"), "{reasons:?}");
        }
        let run = shop.update("tags", "code,name\nABC,A\nx,X\n");
        assert_eq!(counts(&run, "tags"), [0, 1, 1, 0, 0]);
        assert_eq!(shop.rows("tags"), ["ABC,A", "x,X"]);
    }
}
