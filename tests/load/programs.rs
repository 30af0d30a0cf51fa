//! Exports of three programs: each loads with one command, and its corrected rejects load with the command that the
//! report prints.

use std::fs;
use std::io::Write;
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::kit::{Folder, TRADEXA, bounded, text};

/// Runs an `insert` with the report for people, and returns what it printed.
fn report(folder: &Folder, arguments: &[&str]) -> String {
    let arguments = [&["insert"], arguments].concat();
    let run = folder.tradexa(&arguments).assert().success();
    text(&run.get_output().stdout)
}

/// Runs the command that a report prints to load the rejects, in a shell as a user would.
fn run_printed_command(folder: &Folder, report: &str, expected: &str) -> String {
    let line = report
        .lines()
        .find_map(|line| line.split_once("load them with: "));
    let command = line.unwrap_or_else(|| panic!("{report}")).1;
    assert_eq!(command, expected);
    let mut shell = Command::new("sh");
    let script = format!("tradexa() {{ \"$PROGRAM\" \"$@\"; }}; {command}");
    shell
        .current_dir(folder.outside())
        .env("PROGRAM", TRADEXA)
        .env_remove("TRADEXA_DIR")
        .args(["-c", &script]);
    let run = bounded(shell).assert().success();
    text(&run.get_output().stdout)
}

fn write(folder: &Folder, name: &str, bytes: impl AsRef<[u8]>) {
    let path = folder.outside().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Replaces text in a file of rejects.
fn mend(folder: &Folder, table: &str, replacements: &[(&str, &str)]) {
    let path = folder.outside().join(format!("bad/{table}.csv"));
    let mut text = fs::read_to_string(&path).unwrap();
    for (old, new) in replacements {
        assert!(text.contains(old), "{old:?} is not in {text}");
        text = text.replace(old, new);
    }
    fs::write(path, text).unwrap();
}

/// A shop with 5,000 customers, of whom every 20th has something wrong; headers and names of files are its own.
#[test]
fn a_web_shop_with_headers_and_file_names_of_its_own() {
    let mut customers = String::from("Customer No,Full name,Mail address,Opt-in,\r\n");
    let mut expected = Vec::new();
    for id in 1..=5_000 {
        let (name, mail) = (format!("Customer {id}"), format!("c{id}@shop.example"));
        customers += &match id % 200 {
            20 => format!("{id},,{mail},yes\r\n"),
            40 => format!("{id},{name},c{id}.shop.example,no\r\n"),
            60 => format!("{id},\"{name},{mail},yes\r\n"),
            80 => format!("K-{id},{name},{mail},yes\r\n"),
            100 => format!("{id},{name}\r\n"),
            120 => format!("{id},{name},{mail},yes,x,y\r\n"),
            140 => format!("{id},{name},c{id}@shop\u{200b}.example,no\r\n"),
            160 => format!("{id},\"{name}\" x,{mail},no\r\n"),
            180 => format!("-{id},{name},{mail},no\r\n"),
            0 => format!("{id},\u{a0},{mail},no\r\n"),
            // These are right, each written in its own way.
            1..=50 => format!("{id},\"{name}\",{mail},yes,\r\n"),
            51..=100 => format!(" {id} , \"{name}\" ,{mail},no,,\r\n"),
            _ => format!("{id},{name},{mail},yes\r\n"),
        };
        expected.push(format!("{id}|{name}|{mail}"));
    }
    let folder = Folder::initialized();
    write(
        &folder,
        "export 2026/customers (1).csv",
        format!("\u{feff}{customers}"),
    );
    let file = "--file=users=export 2026/customers (1).csv";
    let arguments = [
        file,
        "--column=users.id=Customer No",
        "--column=users.name=Full name",
        "--column=users.email=Mail address",
        "--ignore-extra-columns",
        "--trim",
        "--rejects=bad",
        "--limit=0",
    ];
    let printed = report(&folder, &arguments);
    assert!(
        printed.contains("users: 4,750 inserted, 250 skipped;"),
        "{printed}"
    );

    let rejects = fs::read_to_string(folder.outside().join("bad/users.csv")).unwrap();
    assert!(
        rejects.starts_with("\u{feff}Customer No,Full name,Mail address,Opt-in,,reason\n"),
        "{rejects}"
    );
    let mut mended = String::from("\u{feff}Customer No,Full name,Mail address,Opt-in,,reason\n");
    for id in (20..=5_000).step_by(20) {
        mended += &format!("{id},Customer {id},c{id}@shop.example,yes,,mended\n");
    }
    write(&folder, "bad/users.csv", mended);
    let again = run_printed_command(
        &folder,
        &printed,
        "tradexa --dir databases insert --trim --ignore-extra-columns --column 'users.id=Customer No' \
         --column 'users.name=Full name' --column 'users.email=Mail address' --from bad",
    );
    assert!(again.contains("users: 250 inserted;"), "{again}");
    assert_eq!(folder.rows("users"), expected);
}

#[test]
fn a_spreadsheet_of_a_country_with_decimal_commas() {
    let text = "sep=;\r\nid;name;price\r\n1;Kühlbox;29,90\r\n;;\r\n2;\"Tür; groß\";1.234,50\r\n\
                3;Öl;7\r\n;;\r\n4;Käse;0,5\r\n5;;2,5\r\n";
    let bytes: Vec<_> = text.chars().map(|character| character as u8).collect();
    let folder = Folder::initialized();
    write(&folder, "in/products.csv", bytes);
    let arguments = [
        "--from=in",
        "--encoding=windows-1252",
        "--decimal=,",
        "--rejects=bad",
    ];
    let printed = report(&folder, &arguments);
    assert!(
        printed.contains("products: 3 inserted, 2 skipped;"),
        "{printed}"
    );

    let rejects = fs::read_to_string(folder.outside().join("bad/products.csv")).unwrap();
    assert_eq!(
        rejects,
        "\u{feff}sep=;\nid;name;price;reason\n2;\"Tür; groß\";1.234,50;\"price is not a number: \"\"1.234,50\"\"\"\n\
         5;;2,5;name is empty\n"
    );
    mend(
        &folder,
        "products",
        &[("1.234,50;", "1234,50;"), ("5;;", "5;Salz;")],
    );
    let again = run_printed_command(
        &folder,
        &printed,
        "tradexa --dir databases insert --decimal , --from bad",
    );
    assert!(again.contains("products: 2 inserted;"), "{again}");
    assert_eq!(
        folder.rows("products"),
        [
            "1|Kühlbox|29.9",
            "2|Tür; groß|1234.5",
            "3|Öl|7.0",
            "4|Käse|0.5",
            "5|Salz|2.5"
        ]
    );
}

#[test]
fn a_mysql_dump_without_a_header_compressed() {
    let dump = b"1\tO'Neil\tann@example.com\n\
        2\tTab\\\there\tbo@example.com\n\
        3\tTwo\\\nlines\tcy@example.com\n\
        4\t\\N\tdi@example.com\n\
        5\tC:\\\\temp\tel@example\n\
        6\t5\\\" TV\tfi@example.com\n";
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(dump).unwrap();
    let folder = Folder::initialized();
    write(&folder, "users.txt.gz", encoder.finish().unwrap());
    let arguments = [
        "--file=users=users.txt.gz",
        "--no-header",
        "--delimiter=tab",
        "--backslash-escapes",
        "--rejects=bad",
    ];
    let printed = report(&folder, &arguments);
    assert!(
        printed.contains("users: 4 inserted, 2 skipped;"),
        "{printed}"
    );

    let rejects = fs::read_to_string(folder.outside().join("bad/users.csv")).unwrap();
    assert_eq!(
        rejects,
        "id\tname\temail\treason\n4\t\\N\tdi@example.com\tname is empty\n\
         5\t\"C:\\\\temp\"\tel@example\t\"email is not valid: \"\"el@example\"\"\"\n"
    );
    mend(
        &folder,
        "users",
        &[("\\N", "Dina"), ("el@example\t", "el@example.com\t")],
    );
    let again = run_printed_command(
        &folder,
        &printed,
        "tradexa --dir databases insert --backslash-escapes --delimiter tab --from bad",
    );
    assert!(again.contains("users: 2 inserted;"), "{again}");
    assert_eq!(
        folder.rows("users"),
        [
            "1|O'Neil|ann@example.com",
            "2|Tab\there|bo@example.com",
            "3|Two\nlines|cy@example.com",
            "4|Dina|di@example.com",
            "5|C:\\temp|el@example.com",
            "6|5\" TV|fi@example.com",
        ]
    );
}

/// What is advised for UTF-32, which cannot be read: run in a shell, it makes a file that loads as advised.
#[test]
fn a_file_in_utf_32_is_converted_by_the_command_that_the_error_advises() {
    let csv = "id,name,email\n1,Zo\u{eb} \u{1f600},zoe@example.com\n";
    for mark in ["", "\u{feff}"] {
        for is_big in [false, true] {
            let characters = mark.chars().chain(csv.chars()).map(u32::from);
            let bytes: Vec<u8> = characters
                .flat_map(|c| {
                    if is_big {
                        c.to_be_bytes()
                    } else {
                        c.to_le_bytes()
                    }
                })
                .collect();
            let folder = Folder::initialized();
            write(&folder, "my in/users.csv", bytes);
            let refused = folder.insert(&["--from=my in"]);
            assert_eq!(refused.status, Some(1));
            let parts: Vec<_> = refused.stderr.split('`').collect();
            let load = parts[2].split_once("load it with ").unwrap().1.trim();
            let script = format!("{} && \"$PROGRAM\" --dir databases insert {load}", parts[1]);
            let mut shell = Command::new("sh");
            shell.current_dir(folder.outside()).env("PROGRAM", TRADEXA);
            bounded_success(shell, &script);
            assert_eq!(
                folder.rows("users"),
                ["1|Zo\u{eb} \u{1f600}|zoe@example.com"]
            );
        }
    }
}

fn bounded_success(mut shell: Command, script: &str) {
    shell.args(["-c", script]);
    bounded(shell).assert().success();
}
