//! Rejects: what they hold, and how they get into their place.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::platform;
use crate::row::Header;

/// A folder, and the rejects of users that are written to it.
struct Run {
    folder: TempDir,
    header: Arc<Header>,
    dialect: Dialect,
}

impl Run {
    fn new() -> Run {
        Run {
            folder: tempfile::tempdir().unwrap(),
            header: Arc::new(Header::of(TABLES[0])),
            dialect: Dialect::default(),
        }
    }

    fn create(&self, overwrite: bool) -> Result<Rejects, Failure> {
        let header = Arc::clone(&self.header);
        let folder = self.folder.path();
        Rejects::create(folder, TABLES[0], header, &self.dialect, overwrite)
    }

    fn rejects(&self, overwrite: bool) -> Rejects {
        self.create(overwrite).unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn text(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.path(name)).ok()
    }

    /// The names of all files there are.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    /// The name of the only file there is, which is a temporary one.
    fn temporary(&self) -> String {
        let [name] = <[String; 1]>::try_from(self.names()).unwrap();
        assert!(
            name.starts_with("users.csv.") && name.ends_with(".partial"),
            "{name}"
        );
        name
    }

    fn prepare(&self, overwrite: bool, reads: &[&Path]) -> Vec<String> {
        let reads = (reads.iter()).filter_map(|path| platform::identity(path).ok());
        let reads: Vec<_> = reads.map(|found| found.file).collect();
        match prepare(self.folder.path(), TABLES, overwrite, &reads) {
            Ok(()) => Vec::new(),
            Err(refusals) => (refusals.iter())
                .map(|(path, refusal)| format!("{} {refusal}", path.file_name().unwrap().display()))
                .collect(),
        }
    }
}

/// Rejects all records of a file, each for its width if that is not the header's.
fn reject_for_width(rejects: &mut Rejects, batch: &Batch) {
    for record in batch.records() {
        let (expected, found) = (record.header.width(), record.found());
        let reason = if found == expected {
            "wrong".to_string()
        } else {
            format!("expected {expected} fields, found {found}")
        };
        rejects.write(record, reason);
    }
}

/// Rejects all records of a file, each for its line.
fn reject(rejects: &mut Rejects, batch: &Batch) {
    for record in batch.records() {
        let reason = record
            .defect
            .map_or(format!("line {}", record.line), |defect| defect.to_string());
        rejects.write(record, reason);
    }
}

/// Reads users as they are given in this dialect.
fn batch(text: &[u8], dialect: &Dialect) -> Batch {
    let input = Box::new(Cursor::new(text.to_vec()));
    let mut reader = Reader::new(TABLES[0], input, dialect).unwrap();
    let mut batch = Batch::new(reader.header());
    while reader.read(&mut batch).unwrap() {}
    batch
}

/// What is written when all records of this text are rejected.
fn rejects_of(text: &[u8], dialect: Dialect) -> Vec<u8> {
    rejects_by(reject, text, dialect)
}

/// The same, rejected by this function.
fn rejects_by(reject: impl Fn(&mut Rejects, &Batch), text: &[u8], dialect: Dialect) -> Vec<u8> {
    let batch = batch(text, &dialect);
    let run = Run {
        header: Arc::clone(batch.header()),
        dialect,
        ..Run::new()
    };
    let mut rejects = run.rejects(false);
    reject(&mut rejects, &batch);
    rejects.finish(true).unwrap();
    assert_eq!(run.names(), ["users.csv"]);
    fs::read(run.path("users.csv")).unwrap()
}

/// One record, and what is written when it is rejected.
#[track_caller]
fn check(text: &str, expected: &str) {
    let rejects = rejects_of(text.as_bytes(), Dialect::default());
    assert_eq!(String::from_utf8(rejects).unwrap(), expected);
}

fn one() -> Batch {
    batch(b"id,name,email\n1,a,x\n", &Dialect::default())
}

#[test]
fn records_and_header_are_as_given_with_the_reason_last() {
    check(
        "EMAIL, id,reason,\"name\n\"\nx,1,why,\" a \"\n",
        "EMAIL, id,\"name\n\",reason\nx,1, a ,line 3\n",
    );
}

#[test]
fn a_record_of_another_width_stays_as_wide_as_it_is() {
    check(
        "id,name,email\n1\n2,b,y,more,,\n",
        "id,name,email,reason\n1,line 2\n2,b,y,more,,,line 3\n",
    );
}

#[test]
fn the_last_field_of_a_record_of_another_width_is_its_old_reason() {
    check(
        "id,name,email,reason\n1,old\n2,b,old\n3,c,z,more,old\nold\n",
        "id,name,email,reason\n1,line 2\n2,b,line 3\n3,c,z,more,line 4\nline 5\n",
    );
}

#[test]
fn a_record_with_a_defect_stands_whole_in_the_first_field() {
    check(
        "id,name,email\n1,a,\"x\n2,b,y\n",
        "id,name,email,reason\n\"1,a,\"\"x\",quote is not closed\n2,b,y,line 3\n",
    );
}

#[test]
fn fields_are_quoted_where_they_need_it() {
    check(
        "id,name,email\n\"1,\",\"a\r\",\"x\n\"\n\"\"\"\",b\"c, y \n",
        "id,name,email,reason\n\"1,\",\"a\r\",\"x\n\",line 2\n\"\"\"\",\"b\"\"c\", y ,line 5\n",
    );
    let semicolons = rejects_of(b"id;name;email\n1;a,b;\"x;\"\n", separated_by(b';'));
    assert_eq!(semicolons, b"id;name;email;reason\n1;a,b;\"x;\";line 2\n");
}

#[test]
fn columns_that_are_passed_over_are_kept() {
    let dialect = Dialect {
        ignore_extra_columns: true,
        ..Dialect::default()
    };
    let rejects = rejects_of(b"\xfftel,id,,name,email\n5,1,,a,x\n", dialect);
    assert_eq!(
        rejects,
        b"\"\xfftel\",id,,name,email,reason\n5,1,,a,x,line 2\n"
    );
}

#[test]
fn white_space_is_kept_where_cells_are_trimmed() {
    let dialect = trimming(true);
    let rejects = rejects_of(b"id,name,email\n 1 ,\ta, \n", dialect);
    assert_eq!(rejects, b"id,name,email,reason\n 1 ,\ta, ,line 2\n");
}

#[test]
fn rejects_of_a_file_with_a_byte_order_mark_have_one() {
    let rejects = rejects_of(
        "\u{feff}id,name,email\n1,J\u{f6}rg,x\n".as_bytes(),
        Dialect::default(),
    );
    let expected = "\u{feff}id,name,email,reason\n1,J\u{f6}rg,x,line 2\n";
    assert_eq!(String::from_utf8_lossy(&rejects), expected);
}

#[test]
fn a_byte_order_mark_within_quotes_stays_part_of_the_first_cell() {
    let rejects = rejects_of(
        "name,id,email\n\"\u{feff}a\",1,x\n".as_bytes(),
        Dialect::default(),
    );
    let expected = "name,id,email,reason\n\"\u{feff}a\",1,x,line 2\n";
    assert_eq!(String::from_utf8_lossy(&rejects), expected);
}

#[test]
fn the_reason_has_another_name_where_a_column_of_the_file_has_its_name() {
    let renamed = |names: &[(&'static str, &str)]| Dialect {
        renamed: names
            .iter()
            .map(|(column, header)| Renamed {
                table: "users",
                column,
                header: header.to_string(),
            })
            .collect(),
        ..Dialect::default()
    };
    let dialect = renamed(&[("name", "Reason")]);
    let once = rejects_of(b"id,reason,email\n1,a,x\n", dialect.clone());
    let expected = "id,reason,email,tradexa_reason\n1,a,x,line 2\n";
    assert_eq!(String::from_utf8_lossy(&once), expected);
    assert_eq!(rejects_of(&once, dialect), once);
    let dialect = renamed(&[("name", "reason"), ("email", "tradexa_reason")]);
    let once = rejects_of(b"id,reason,tradexa_reason\n1,a,x\n", dialect);
    let expected = "id,reason,tradexa_reason,tradexa_reason_2\n1,a,x,line 2\n";
    assert_eq!(String::from_utf8_lossy(&once), expected);
}

#[test]
fn cells_are_escaped_where_backslashes_escape() {
    let dialect = Dialect {
        notation: Notation {
            backslash_escapes: true,
            ..Notation::default()
        },
        ..Dialect::default()
    };
    let text = br#"id,name,email
1,O\'Neil,\N
2,\N,\\N
3,"a\nb\"",x\,y
4,"open
"#;
    let once = rejects_of(text, dialect.clone());
    assert_eq!(
        String::from_utf8_lossy(&once),
        r#"id,name,email,reason
1,O'Neil,\N,line 2
2,\N,"\\N",line 3
3,"a
b""","x,y",line 4
"4,""open",quote is not closed
"#
    );
    let again = rejects_of(&once, dialect);
    let cells = |text: &[u8]| String::from_utf8_lossy(text).replace(char::is_numeric, "");
    assert_eq!(
        cells(&again).replace("line ", ""),
        cells(&once)
            .replace("line ", "")
            .replace("quote is not closed", "")
    );
}

/// A header of users with other columns and maybe a column `reason`, all in any order.
fn any_header() -> impl Strategy<Value = Vec<&'static str>> {
    let extra = prop::sample::subsequence(vec!["a", "b", "Reason", "c"], 0..=4);
    let columns = extra.prop_map(|extra| [&["id", "name", "email"], &extra[..]].concat());
    columns.prop_shuffle()
}

proptest! {
    #[test]
    fn rejects_that_are_not_fixed_are_rejected_again_unchanged(
        header in any_header(),
        rows in prop::collection::vec(prop::collection::vec("[a,\" ]{0,2}", 1..10), 1..6),
    ) {
        let dialect = Dialect { ignore_extra_columns: true, ..Dialect::default() };
        let mut text = header.join(",");
        for row in &rows {
            let cells: Vec<_> = row.iter().map(|cell| format!("{cell:?}")).collect();
            text += &("\n".to_string() + &cells.join(",").replace("\\\"", "\"\""));
        }
        let rows: Vec<_> = rows.iter().filter(|row| row.iter().any(|cell| !cell.is_empty())).collect();
        let given = batch(text.as_bytes(), &dialect);
        prop_assume!(!rows.is_empty());
        let once = rejects_by(reject_for_width, text.as_bytes(), dialect.clone());
        let again = rejects_by(reject_for_width, &once, dialect);
        prop_assert_eq!(String::from_utf8(again), String::from_utf8(once.clone()));
        let wrong = |width: usize| rows.iter().filter(|row| row.len() != width).count();
        let lines = String::from_utf8(once).unwrap();
        prop_assert_eq!(lines.matches("\"expected ").count(), wrong(header.len()));
        prop_assert_eq!(given.len(), rows.len());
    }

    #[test]
    fn rejects_read_back_with_the_same_bytes(
        first in prop::collection::vec(any::<u8>(), 0..5),
        rows in prop::collection::vec(
            prop::collection::vec(
                prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(&b"\"\r\n,; "[..])], 0..5),
                4,
            ),
            1..6,
        ),
        delimiter in prop::sample::select(&b",;\t "[..]),
    ) {
        let dialect = Dialect { ignore_extra_columns: true, ..separated_by(delimiter) };
        let run = Run {
            header: Arc::new(Header {
                names: Vec::new(),
                given: vec![first.clone(), b"id".into(), b"name".into(), b"email".into()],
                columns: vec![1, 2, 3],
                ..Header::default()
            }),
            dialect: dialect.clone(),
            ..Run::new()
        };
        let folded = String::from_utf8_lossy(&first).trim().to_ascii_lowercase();
        prop_assume!(!["id", "name", "email", "reason"].contains(&folded.as_str()));
        let mut given = Batch::new(Arc::clone(&run.header));
        let rows: Vec<_> = rows.into_iter().filter(|row| row.iter().any(|cell| !cell.is_empty())).collect();
        prop_assume!(!rows.is_empty());
        for row in &rows {
            given.push_fields(2, row);
        }
        let mut rejects = run.rejects(false);
        reject(&mut rejects, &given);
        rejects.finish(true).unwrap();
        let read = batch(&fs::read(run.path("users.csv")).unwrap(), &dialect);
        prop_assert_eq!(&read.header().given, &run.header.given);
        let fields: Vec<Vec<_>> = read.records().map(|record| record.fields().collect()).collect();
        prop_assert_eq!(fields, rows);
    }
}

#[test]
fn there_is_no_file_without_rejects() {
    let run = Run::new();
    run.rejects(false).finish(true).unwrap();
    assert!(run.names().is_empty());
}

#[test]
fn a_run_that_ends_before_it_begins_leaves_no_file() {
    let run = Run::new();
    drop(run.rejects(false));
    assert!(run.names().is_empty());
}

#[test]
fn the_file_has_another_name_until_it_is_whole() {
    let run = Run::new();
    let mut rejects = run.rejects(false);
    reject(&mut rejects, &one());
    run.temporary();
    assert_eq!(rejects.path(), run.path("users.csv"));
    rejects.finish(false).unwrap();
    assert_eq!(run.names(), ["users.csv"]);
}

#[test]
fn what_a_killed_run_left_does_not_get_in_the_way() {
    let run = Run::new();
    run.put("users.csv.x1Y2z3.partial", "leftover");
    assert!(run.prepare(false, &[]).is_empty());
    let mut rejects = run.rejects(false);
    reject(&mut rejects, &one());
    rejects.finish(true).unwrap();
    assert_eq!(run.names(), ["users.csv", "users.csv.x1Y2z3.partial"]);
}

#[test]
fn of_two_runs_each_puts_its_own_rejects_in_place() {
    let run = Run::new();
    let (mut first, mut second) = (run.rejects(true), run.rejects(true));
    let two = batch(b"id,name,email\n1,a,x\n2,b,y\n", &Dialect::default());
    reject(&mut first, &two);
    reject(&mut second, &one());
    first.finish(true).unwrap();
    let line = "id,name,email,reason\n1,a,x,line 2\n";
    assert_eq!(
        run.text("users.csv").unwrap(),
        format!("{line}2,b,y,line 3\n")
    );
    second.finish(true).unwrap();
    assert_eq!(run.text("users.csv").unwrap(), line);
    assert_eq!(run.names(), ["users.csv"]);
}

#[test]
fn a_file_that_appears_during_the_run_is_left_as_it_is() {
    let run = Run::new();
    let mut rejects = run.rejects(false);
    reject(&mut rejects, &one());
    let name = run.temporary();
    run.put("users.csv", "mine");
    let failure = rejects.finish(true).unwrap_err();
    assert_eq!(
        failure.to_string(),
        format!(
            "appeared during the run and was left as it is: the rejects are in the same folder, in {name}"
        )
    );
    assert_eq!(run.text("users.csv").unwrap(), "mine");
    assert_eq!(
        run.text(&name).unwrap(),
        "id,name,email,reason\n1,a,x,line 2\n"
    );
}

#[test]
fn rejects_that_cannot_be_put_in_place_stay_where_they_are() {
    let run = Run::new();
    let mut rejects = run.rejects(true);
    reject(&mut rejects, &one());
    let name = run.temporary();
    fs::create_dir_all(run.path("users.csv/below")).unwrap();
    let failure = rejects.finish(true).unwrap_err().to_string();
    assert!(
        failure.starts_with("could not be put in place: "),
        "{failure}"
    );
    let place = format!(": the rejects are in the same folder, in {name}");
    assert!(failure.ends_with(&place), "{failure}");
    assert_eq!(
        run.text(&name).unwrap(),
        "id,name,email,reason\n1,a,x,line 2\n"
    );
}

#[cfg(unix)] // Permissions.
#[test]
fn rejects_have_the_permissions_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let run = Run::new();
    let mut rejects = run.rejects(false);
    reject(&mut rejects, &one());
    rejects.finish(true).unwrap();
    run.put("other", "");
    let mode = |name| run.path(name).metadata().unwrap().permissions().mode();
    assert_eq!(mode("users.csv"), mode("other"));
}

#[test]
fn an_old_file_is_replaced_if_that_was_asked_for() {
    let run = Run::new();
    run.put("users.csv", "old");
    let mut rejects = run.rejects(true);
    reject(&mut rejects, &one());
    assert_eq!(run.text("users.csv").unwrap(), "old");
    rejects.finish(false).unwrap();
    assert_eq!(run.names(), ["users.csv"]);
    assert!(run.text("users.csv").unwrap().starts_with("id,name"));
}

#[test]
fn an_old_file_goes_when_a_complete_run_has_no_rejects() {
    let run = Run::new();
    run.put("users.csv", "old");
    for (overwrite, complete) in [(true, false), (false, true)] {
        run.rejects(overwrite).finish(complete).unwrap();
        assert_eq!(run.names(), ["users.csv"]);
    }
    run.rejects(true).finish(true).unwrap();
    assert!(run.names().is_empty());
}

#[cfg(target_os = "linux")] // Elsewhere a folder with an open file cannot be removed.
#[test]
fn rejects_whose_folder_is_gone_are_lost() {
    let run = Run::new();
    let mut rejects = run.rejects(false);
    let Run { folder, .. } = run;
    folder.close().unwrap();
    reject(&mut rejects, &one());
    let failure = rejects.finish(true).unwrap_err();
    assert!(matches!(failure, Failure::Lost(_)), "{failure}");
}

#[test]
fn the_folder_is_created_with_those_above_it() {
    let run = Run::new();
    assert!(prepare(&run.path("a/b"), TABLES, false, &[]).is_ok());
    assert_eq!(fs::read_dir(run.path("a/b")).unwrap().count(), 0);
}

#[test]
fn files_that_are_there_are_all_named_unless_they_may_be_overwritten() {
    let run = Run::new();
    run.put("users.csv", "");
    run.put("orders.csv", "");
    let exists = "already exists: move it away, replace it with --overwrite, or choose another folder with --rejects";
    let expected = [
        format!("users.csv {exists}"),
        format!("orders.csv {exists}"),
    ];
    assert_eq!(run.prepare(false, &[]), expected);
    assert!(run.prepare(true, &[]).is_empty());
    assert_eq!(run.names(), ["orders.csv", "users.csv"]);
}

#[test]
fn a_file_that_the_run_reads_is_never_overwritten() {
    let run = Run::new();
    run.put("users.csv", "");
    let reads = [
        run.path("../").join(run.path("users.csv")),
        run.path("none"),
    ];
    let read = "users.csv is being read by this run: choose another folder with --rejects";
    for overwrite in [false, true] {
        assert_eq!(
            run.prepare(overwrite, &reads.each_ref().map(PathBuf::as_path)),
            [read]
        );
    }
}

#[cfg(unix)] // Links, which take a privilege on Windows.
#[test]
fn a_link_to_a_file_that_the_run_reads_is_never_overwritten() {
    use std::os::unix::fs::symlink;
    let run = Run::new();
    run.put("input", "");
    let read = "users.csv is being read by this run: choose another folder with --rejects";
    symlink("input", run.path("users.csv")).unwrap();
    assert_eq!(run.prepare(true, &[&run.path("input")]), [read]);
}

#[test]
fn only_files_are_overwritten() {
    let run = Run::new();
    fs::create_dir(run.path("users.csv")).unwrap();
    let expected =
        "users.csv is not a regular file: move it away, or choose another folder with --rejects";
    assert_eq!(run.prepare(true, &[]), [expected]);
}

#[test]
fn a_folder_that_cannot_be_created_is_an_error() {
    let run = Run::new();
    run.put("file", "");
    for name in ["file", "file/below"] {
        let refusals = prepare(&run.path(name), TABLES, false, &[]).unwrap_err();
        let [(path, refusal)] = &refusals[..] else {
            panic!("{refusals:?}");
        };
        assert_eq!(*path, run.path(name));
        assert!(
            refusal.to_string().starts_with("could not be created: "),
            "{refusal}"
        );
    }
}

#[cfg(target_os = "linux")] // It has such a folder, even for the superuser.
#[test]
fn a_folder_that_takes_no_files_is_an_error() {
    let header = Arc::new(Header::of(TABLES[0]));
    let created = Rejects::create(
        Path::new("/proc/self"),
        TABLES[0],
        header,
        &Dialect::default(),
        false,
    );
    assert!(
        created
            .unwrap_err()
            .to_string()
            .starts_with("cannot be written: ")
    );
}

#[cfg(unix)] // Windows says so only when the folder is created.
#[test]
fn a_folder_whose_name_is_too_long_is_an_error_for_every_file() {
    let folder = tempfile::tempdir().unwrap();
    let refusals = prepare(&folder.path().join("x".repeat(1000)), TABLES, false, &[]).unwrap_err();
    let problems = refusals.iter().map(|(_, refusal)| refusal.to_string());
    let about_writing = problems.filter(|problem| problem.starts_with("cannot be written: "));
    assert_eq!(about_writing.count(), TABLES.len());
}
