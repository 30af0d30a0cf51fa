//! Which file is that of a table, and how it is written.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::Ordering;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

/// How many records there are, and how many bytes of the file were read.
fn count(reader: &mut Reader) -> (usize, u64) {
    let mut batch = Batch::new(reader.header());
    while reader.read(&mut batch).unwrap() {}
    let bytes = (reader.bytes_read.as_ref()).map_or(0, |bytes| bytes.load(Ordering::Relaxed));
    (batch.len(), bytes)
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn the_embedded_rows_are_read_in_the_default_dialect() {
    for table in TABLES {
        let mut reader = Source::Seed.open(table, &separated_by(b';')).unwrap();
        assert_eq!((count(&mut reader), reader.size), ((10, 0), None));
    }
    assert_eq!(Source::Seed.name(TABLES[0]), Path::new("seed/users.csv"));
}

#[test]
fn a_file_of_a_folder_has_a_size_and_is_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let text = "\u{feff}id;name;email\r\n1;a;x\r\n\r\n";
    fs::write(folder.path().join("users.csv"), text).unwrap();
    let source = Source::in_folder(folder.path(), TABLES[0])
        .unwrap()
        .unwrap();
    let mut reader = source.open(TABLES[0], &separated_by(b';')).unwrap();
    let length = text.len() as u64;
    assert_eq!(count(&mut reader), (1, length));
    assert_eq!(reader.size, Some(length));
    assert_eq!(source.name(TABLES[0]), folder.path().join("users.csv"));
}

#[test]
fn a_compressed_file_stands_in_for_one_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let archive = gzip(&b"id,name,email\n1,a,x\n".repeat(2));
    fs::write(folder.path().join("users.csv.gz"), &archive).unwrap();
    let source = Source::in_folder(folder.path(), TABLES[0])
        .unwrap()
        .unwrap();
    let mut reader = source.open(TABLES[0], &Dialect::default()).unwrap();
    let length = archive.len() as u64;
    assert_eq!(count(&mut reader), (3, length));
    assert_eq!(reader.size, Some(length));

    fs::write(folder.path().join("users.csv"), "id,name,email\n").unwrap();
    let problem = Source::in_folder(folder.path(), TABLES[0]).unwrap_err();
    let message = "exists, and so does users.csv.gz: move one of them away";
    assert_eq!(problem.to_string(), message);
}

#[test]
fn an_archive_is_known_by_its_first_bytes_and_may_have_several_members() {
    let members = [&b"id,name,email\n1,a"[..], b",x\n2,b,y\n", b"", b"3,c,z\n"];
    let archive: Vec<u8> = members.iter().flat_map(|text| gzip(text)).collect();
    for piece in [1, 7, 8192] {
        let records = read_with(
            Pieces::of(&archive, piece),
            &Dialect::default(),
            buffer_of(piece),
        );
        assert_eq!(records.unwrap().len(), 3);
    }
}

#[test]
fn zeros_between_the_members_of_an_archive_and_after_the_last_one_are_ignored() {
    let mut archive = gzip(b"id,name,email\n1,a,x\n");
    archive.resize(archive.len() + 70_000, 0);
    archive.extend(gzip(b"2,b,y\n"));
    archive.extend([0; 512]);
    for piece in [1, 4096] {
        let input = Pieces::of(&archive, piece);
        let records = read_with(input, &Dialect::default(), buffer_of(piece));
        assert_eq!(records.unwrap().len(), 2);
    }
}

#[test]
fn other_bytes_after_an_archive_are_an_error_after_all_of_its_rows() {
    let archive = [gzip(b"id,name,email\n1,a,x\n"), b"more".to_vec()].concat();
    let input = Box::new(Cursor::new(archive));
    let mut reader = Reader::new(TABLES[0], input, &Dialect::default()).unwrap();
    let mut batch = Batch::new(reader.header());
    assert!(reader.read(&mut batch).unwrap());
    let error = reader.read(&mut batch).unwrap_err().to_string();
    assert_eq!(error, "the gzip archive has other bytes after its end");
}

#[test]
fn what_comes_before_the_end_of_a_cut_or_damaged_archive_is_read() {
    let rows: String = (1..20_000)
        .map(|id| format!("{id},a{},x{}\n", id * 7, id * id))
        .collect();
    let archive = gzip(format!("id,name,email\n{rows}").as_bytes());
    let mut damaged = archive.clone();
    let end = damaged.len();
    damaged[end - 6] ^= 1;
    let cut = archive[..end / 2].to_vec();
    for (bytes, message) in [
        (cut, "the gzip archive is cut short"),
        (damaged, "the gzip archive is damaged: "),
    ] {
        let input = Box::new(Cursor::new(bytes));
        let mut reader = Reader::new(TABLES[0], input, &Dialect::default()).unwrap();
        let mut batch = Batch::new(reader.header());
        let error = loop {
            match reader.read(&mut batch) {
                Ok(true) => {}
                Ok(false) => panic!("it was read to its end"),
                Err(error) => break error.to_string(),
            }
        };
        assert!(error.starts_with(message), "{error}");
        assert!(batch.len() > 5_000, "{}", batch.len());
    }
}

#[test]
fn a_missing_file_is_not_a_source() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Source::in_folder(folder.path(), TABLES[0]).unwrap(), None);
}

#[cfg(unix)] // Links, which take a privilege on Windows.
#[test]
fn a_link_to_nothing_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("nothing", folder.path().join("users.csv")).unwrap();
    let source = Source::in_folder(folder.path(), TABLES[0])
        .unwrap()
        .unwrap();
    let problem = source.open(TABLES[0], &Dialect::default()).unwrap_err();
    let start = "could not be read: ";
    assert!(problem.to_string().starts_with(start), "{problem}");
}
