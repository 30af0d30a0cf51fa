//! What no schema may have, each named with its table and column, and with what to do.

use super::{SAMPLES, with_schema, with_script};

/// Sentences that say what to do have at least one of these words.
const WAYS_OUT: [&str; 14] = [
    "remove", "drop", "rename", "leave", "declare", "add", "write", "split", "create", "replace",
    "change", "use", "give", "name",
];

/// Has the program refuse a script, and returns what it says.
#[track_caller]
fn refusal(script: &str, words: &[&str]) -> String {
    let folder = with_script(script);
    let run = with_schema(&folder, "schema.sql", &["init"]);
    assert_eq!(
        run.status,
        Some(1),
        "{script}\n{}{}",
        run.stdout,
        run.stderr
    );
    assert!(!folder.path().exists(), "databases were made of {script}");
    for words in words {
        assert!(
            run.stderr.contains(words),
            "{words:?} is not in {}",
            run.stderr
        );
    }
    let said = run.stderr.to_lowercase();
    let mut words = said.split(|character: char| !character.is_alphanumeric());
    let has_way_out = words.any(|word| WAYS_OUT.contains(&word));
    assert!(has_way_out, "it does not say what to do: {said}");
    run.stderr
}

#[test]
fn tables_that_refer_to_each_other_are_refused() {
    refusal(
        "CREATE TABLE shops (id INTEGER PRIMARY KEY, boss_id INT REFERENCES people);
         CREATE TABLE people (id INTEGER PRIMARY KEY, shop_id INT REFERENCES shops);",
        &["shops", "people"],
    );
}

#[test]
fn the_circle_of_sakila_is_refused() {
    let (_, sakila) = SAMPLES[2];
    let end = "CONSTRAINT fk_store_address";
    let manager =
        "CONSTRAINT fk_store_staff FOREIGN KEY (manager_staff_id) REFERENCES staff (staff_id),\n  ";
    assert!(sakila.contains(end));
    refusal(
        &sakila.replace(end, &format!("{manager}{end}")),
        &["store", "staff"],
    );
}

#[test]
fn a_reference_to_no_table_is_refused() {
    refusal(
        "CREATE TABLE lines (id INTEGER PRIMARY KEY, invoice INT REFERENCES invoices)",
        &["lines", "invoice", "invoices"],
    );
}

#[test]
fn a_reference_to_columns_that_are_not_unique_is_refused() {
    for parent in [
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT)",
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT); CREATE UNIQUE INDEX one ON users (email) WHERE email <> ''",
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT); CREATE UNIQUE INDEX one ON users (email COLLATE NOCASE)",
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, b INT, UNIQUE (email, b))",
        "CREATE TABLE users (id INTEGER PRIMARY KEY)",
    ] {
        let script = format!(
            "{parent}; CREATE TABLE posts (id INTEGER PRIMARY KEY, author TEXT REFERENCES users (email));"
        );
        refusal(&script, &["posts", "author", "users", "email"]);
    }
}

#[test]
fn generated_columns_are_refused() {
    for kind in ["STORED", "VIRTUAL"] {
        let script = format!(
            "CREATE TABLE boxes (id INTEGER PRIMARY KEY, w REAL, area REAL GENERATED ALWAYS AS (w * w) {kind});"
        );
        refusal(&script, &["boxes", "area"]);
    }
}

#[test]
fn unique_indexes_over_expressions_are_refused() {
    refusal(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT); CREATE UNIQUE INDEX by_email ON users (lower(email));",
        &["users", "by_email"],
    );
}

#[test]
fn checks_that_only_a_stored_row_or_the_moment_can_answer_are_refused() {
    for check in [
        "born < date('now')",
        "born < datetime('now', 'localtime')",
        "born < CURRENT_DATE",
        "born < CURRENT_TIMESTAMP",
        "born < strftime('%s')",
        "born <> random()",
        "born <> randomblob(4)",
        "rowid < 100",
        "_rowid_ < 100",
        "born IN (SELECT 1)",
    ] {
        refusal(
            &format!("CREATE TABLE people (name TEXT, born DATE CHECK ({check}));"),
            &["people"],
        );
    }
}

#[test]
fn collations_and_functions_that_sqlite_lacks_are_refused() {
    refusal(
        "CREATE TABLE words (word TEXT COLLATE german PRIMARY KEY);",
        &["words", "german"],
    );
    refusal(
        "CREATE TABLE words (word TEXT CHECK (is_word(word)));",
        &["words", "is_word"],
    );
}

#[test]
fn names_that_no_file_can_have_are_refused() {
    refusal("CREATE TABLE \"a/b\" (id INTEGER PRIMARY KEY);", &["a/b"]);
    refusal(
        &format!("CREATE TABLE {} (id INTEGER PRIMARY KEY);", "x".repeat(300)),
        &["xxx"],
    );
}

#[test]
fn names_that_differ_only_in_case_are_refused() {
    refusal(
        "CREATE TABLE \"äpfel\" (id INT PRIMARY KEY); CREATE TABLE \"Äpfel\" (id INT PRIMARY KEY);",
        &["äpfel", "Äpfel"],
    );
}

#[test]
fn more_than_200_tables_and_none_at_all_are_refused() {
    let tables: Vec<_> = (0..201)
        .map(|it| format!("CREATE TABLE t{it} (id INTEGER PRIMARY KEY);\n"))
        .collect();
    refusal(&tables.concat(), &["200"]);
    refusal("-- Nothing yet.\n", &["schema.sql"]);
    refusal("CREATE VIEW v AS SELECT 1;\n", &["schema.sql"]);
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let said = refusal(
        "CREATE TABLE a (id INTEGER PRIMARY KEY, twice INT AS (id * 2));
         CREATE TABLE b (id INTEGER PRIMARY KEY, c_id INT REFERENCES c);
         CREATE TABLE d (id INTEGER PRIMARY KEY, code TEXT COLLATE pinyin UNIQUE CHECK (code <> random()));",
        &["twice", "c_id", "pinyin", "random"],
    );
    assert!(said.trim_end().lines().count() >= 4, "{said}");
}

#[test]
fn the_sample_rows_are_refused_for_user_defined_tables() {
    let folder = with_script("CREATE TABLE t (id INTEGER PRIMARY KEY);");
    with_schema(&folder, "schema.sql", &["init"]).succeeded();
    let run = with_schema(&folder, "schema.sql", &["insert"]);
    assert_ne!(run.status, Some(0));
    for words in ["--from", "--file"] {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
}

#[test]
fn unique_email_is_for_the_built_in_tables() {
    let folder = with_script("CREATE TABLE t (id INTEGER PRIMARY KEY, email TEXT);");
    with_schema(&folder, "schema.sql", &["init"]).succeeded();
    folder.csv("in", "t", "id,email\n1,a@b.co\n");
    let run = with_schema(
        &folder,
        "schema.sql",
        &["insert", "--from", "in", "--unique-email"],
    );
    assert_ne!(run.status, Some(0));
    assert!(run.stderr.contains("UNIQUE"), "{}", run.stderr);
}
