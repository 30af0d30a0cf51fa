//! Which file is that of a table, and how it is written.

use std::fs;

use super::*;

#[test]
fn the_embedded_rows_are_read_in_the_default_dialect() {
    for table in TABLES {
        let reader = open(None, table, &separated_by(b';')).unwrap();
        let mut reader = reader.unwrap();
        let mut batch = Batch::new(reader.header());
        while reader.read(&mut batch).unwrap() {}
        assert_eq!((batch.len(), reader.size), (10, None));
        assert_eq!(batch.record(9).line, 11);
    }
    assert_eq!(path(None, TABLES[0]), Path::new("seed/users.csv"));
}

#[test]
fn a_file_of_a_folder_has_a_size_and_is_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let text = "\u{feff}id;name;email\r\n1;a;x\r\n\r\n";
    fs::write(folder.path().join("users.csv"), text).unwrap();
    let source = Some(folder.path());
    let opened = open(source, TABLES[0], &separated_by(b';'));
    let mut reader = opened.unwrap().unwrap();
    let mut batch = Batch::new(reader.header());
    while reader.read(&mut batch).unwrap() {}
    let length = text.len() as u64;
    assert_eq!((reader.size, reader.position), (Some(length), length));
    assert_eq!(path(source, TABLES[0]), folder.path().join("users.csv"));
}

#[test]
fn a_file_that_is_not_there_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let opened = open(Some(folder.path()), TABLES[0], &Dialect::default());
    assert!(opened.unwrap().is_none());
}

#[cfg(unix)] // Links, which take a privilege on Windows.
#[test]
fn a_link_to_nothing_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("nothing", folder.path().join("users.csv")).unwrap();
    let opened = open(Some(folder.path()), TABLES[0], &Dialect::default());
    let problem = opened.unwrap_err();
    let start = "could not be read: ";
    assert!(problem.to_string().starts_with(start), "{problem}");
}
