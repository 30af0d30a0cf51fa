//! Exports as other programs write them: each folder of tests/exports loads as far as it should, and completely once
//! its rejects are fixed. The README there says what a file `expected` holds.

use std::fs;
use std::path::{Path, PathBuf};

use crate::kit::{Folder, Run, TABLES, shown};

/// A test for each export, and one that makes sure that no export is forgotten.
macro_rules! exports {
    ($($name:ident)*) => {
        $(#[test] fn $name() { Export::read(stringify!($name)).is_loaded_fixed_and_loaded_again() })*

        #[test]
        fn every_export_has_a_test() {
            let mut tested = vec![$(stringify!($name).replace('_', "-")),*];
            tested.sort();
            assert_eq!(tested, folders());
        }
    };
}

exports! {
    accounting_latin1
    classic_mac
    clipboard_tabs
    crm_padded_cells
    database_nulls
    form_other_names
    hand_edited_quotes
    log_short_lines
    mainframe_bars
    merged_files
    newsletter_same_emails
    partial_dangling
    partial_orders_only
    price_list_formatted
    rejects_of_another_run
    shop_extra_columns
    spreadsheet_empty_columns
    spreadsheet_semicolons
    spreadsheet_unicode_text
}

fn exports() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/exports")
}

fn folders() -> Vec<String> {
    let entries = fs::read_dir(exports()).unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut names: Vec<_> = folders
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// An export, and what is expected of it.
struct Export {
    path: PathBuf,
    /// The statements: what stands before the first `: `, and what stands behind it.
    expected: Vec<(String, String)>,
}

impl Export {
    fn read(name: &str) -> Export {
        let path = exports().join(name.replace('_', "-"));
        let text = fs::read_to_string(path.join("expected")).unwrap();
        let lines = text.lines();
        let statements = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let expected = statements.map(|line| {
            let (what, how) = line.split_once(':').expect("a statement");
            let how = how.strip_prefix(' ').unwrap_or(how);
            (what.to_string(), how.to_string())
        });
        let expected = expected.collect();
        Export { path, expected }
    }

    /// What stands behind each statement that begins like this.
    fn all(&self, what: &str) -> Vec<&str> {
        let found = self.expected.iter().filter(|(found, _)| found == what);
        found.map(|(_, how)| how.as_str()).collect()
    }

    fn is_loaded_fixed_and_loaded_again(&self) {
        let folder = Folder::initialized();
        for table in TABLES {
            if let Ok(text) = fs::read(self.path.join(format!("{table}.csv"))) {
                folder.csv("input", table, text);
            }
        }
        self.is_refused(&folder);
        for table in TABLES {
            let file = folder.outside().join(format!("input/{table}.csv"));
            replace(&file, &self.all(&format!("edit {table}")));
        }

        let run = self.load(&folder, "input", &["--rejects", "rejects"]);
        self.has_counts(&run, "");
        for table in TABLES {
            let reasons: Vec<_> = (self.expected.iter())
                .filter_map(|(what, how)| Some((what.strip_prefix(table)?, how)))
                .filter_map(|(line, how)| Some(format!("{}: {how}", line.strip_prefix(" line ")?)))
                .collect();
            assert_eq!(run.reasons(table, "skipped"), reasons, "{table}");
        }
        for text in self.all("stderr") {
            assert!(run.stderr.contains(text), "{}", run.stderr);
        }
        self.is_content(&folder, &run, None);

        let rejects = folder.outside().join("rejects");
        if !rejects.exists() || fs::read_dir(&rejects).unwrap().next().is_none() {
            assert!(self.all("after the fixes, orders").is_empty());
            return;
        }
        for table in TABLES {
            let file = rejects.join(format!("{table}.csv"));
            replace(&file, &self.all(&format!("fix {table}")));
        }
        let rerun = self.load(&folder, "rejects", &[]);
        self.has_counts(&rerun, "after the fixes, ");
        self.is_content(&folder, &run, Some(&rerun));
    }

    /// With no options, it is refused for what is expected, and for nothing else.
    fn is_refused(&self, folder: &Folder) {
        let expected = self.all("refused");
        if expected.is_empty() {
            return;
        }
        let lines = expected
            .iter()
            .map(|line| shown(&format!("tradexa: input/{line}\n")));
        let run = folder.tradexa(&["insert", "--from", "input"]).assert();
        run.code(1)
            .stdout("")
            .stderr(lines.collect::<Vec<_>>().concat());
        assert!(folder.all_rows().concat().is_empty());
    }

    fn load(&self, folder: &Folder, from: &str, arguments: &[&str]) -> Run {
        let given = self.all("arguments").concat();
        let given: Vec<_> = given.split_whitespace().collect();
        folder
            .insert(&[&["--from", from], &given[..], arguments].concat())
            .succeeded()
    }

    /// Asserts how many rows were inserted and skipped. Tables of which nothing is said have no rows.
    fn has_counts(&self, run: &Run, prefix: &str) {
        let counts = TABLES.map(|table| {
            let [inserted, unchanged, skipped, failed] =
                ["inserted", "unchanged", "skipped", "failed"].map(|it| run.count(table, it));
            assert_eq!((unchanged, failed), (0, 0), "{table}");
            format!("{inserted} inserted, {skipped} skipped")
        });
        let expected = TABLES.map(|table| {
            let counts = self.all(&format!("{prefix}{table}"));
            counts
                .first()
                .unwrap_or(&"0 inserted, 0 skipped")
                .to_string()
        });
        assert_eq!(counts, expected, "{prefix}{:#}", run.report);
    }

    /// Asserts that exactly the rows that these loads inserted are stored, and that they follow the rules.
    fn is_content(&self, folder: &Folder, run: &Run, rerun: Option<&Run>) {
        for table in TABLES {
            let inserted = run.count(table, "inserted")
                + rerun.map_or(0, |rerun| rerun.count(table, "inserted"));
            assert_eq!(folder.rows(table).len() as u64, inserted, "{table}");
        }
        let unique = self.all("arguments").concat().contains("--unique-email");
        let options = if unique { &["--unique-email"][..] } else { &[] };
        folder.check(options).succeeded();
    }
}

/// Replaces text in a file, or its encoding, as the statements say. What is to be replaced must be there.
fn replace(file: &Path, statements: &[&str]) {
    for statement in statements {
        let (old, new) = statement.split_once(" -> ").expect("OLD -> NEW");
        let bytes = fs::read(file).unwrap();
        let text = match (old, new) {
            ("Latin-1", "UTF-8") => bytes.iter().map(|byte| char::from(*byte)).collect(),
            _ => {
                let text = String::from_utf8(bytes).unwrap();
                assert!(text.contains(old), "{old:?} is not in {text}");
                text.replace(old, new)
            }
        };
        fs::write(file, text).unwrap();
    }
}
