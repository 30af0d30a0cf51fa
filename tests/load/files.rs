//! `tradexa insert --from`: which files there may be, how they may be written, and what can be wrong with a whole file.

use std::fs;

use predicates::prelude::*;

use crate::kit::{CLEAN, CLEAN_ROWS, Folder, TABLES, header, shown, text};

/// Loads the clean files after this was done to their text, and asserts that all of their rows are stored.
fn loads_like_the_clean_files(spelling: impl Fn(&str) -> Vec<u8>) {
    let folder = Folder::with_csv(CLEAN.map(spelling));
    let run = folder.load(&[]);
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert_eq!(run.counts(), [[2, 0, 0, 0]; 3], "{:#}", run.report);
    assert_eq!(folder.all_rows(), CLEAN_ROWS.map(Vec::from));
}

/// Loads `input`, which must fail with this message, print nothing else and leave everything as it is.
fn refuses(folder: &Folder, stderr: impl Predicate<str>) {
    let before = folder.everything();
    let run = folder.tradexa(&["insert", "--from", "input"]).assert();
    let output = run.code(1).stdout("").get_output().clone();
    let message = text(&output.stderr);
    assert!(stderr.eval(&message), "{message}");
    assert!(folder.everything() == before, "something was changed");
}

#[test]
fn loads_the_files_of_a_folder() {
    loads_like_the_clean_files(|text| text.into());
}

#[test]
fn does_not_insert_the_embedded_rows_beside_them() {
    let folder = Folder::with_csv(CLEAN);
    folder.load(&[]);
    assert_eq!(folder.rows("users").len(), 2);
}

#[test]
fn columns_come_in_any_order() {
    loads_like_the_clean_files(|text| {
        let lines = text.lines().map(|line| {
            let mut fields: Vec<_> = line.split(',').collect();
            fields.reverse();
            fields.join(",") + "\n"
        });
        lines.collect::<String>().into()
    });
}

#[test]
fn a_column_reason_is_ignored_wherever_it_stands() {
    for place in 0..=3 {
        loads_like_the_clean_files(|text| {
            let mut cell = "reason";
            let lines = text.lines().map(|line| {
                let mut fields: Vec<_> = line.split(',').collect();
                fields.insert(place, std::mem::replace(&mut cell, "\"was, once\""));
                fields.join(",") + "\n"
            });
            lines.collect::<String>().into()
        });
    }
}

#[test]
fn a_byte_order_mark_is_not_part_of_the_header() {
    loads_like_the_clean_files(|text| format!("\u{feff}{text}").into());
}

#[test]
fn lines_may_end_as_on_any_system() {
    loads_like_the_clean_files(|text| text.replace('\n', "\r\n").into());
    loads_like_the_clean_files(|text| text.replace('\n', "\r").into());
}

#[test]
fn the_last_line_need_not_end() {
    loads_like_the_clean_files(|text| text.trim_end().into());
}

#[test]
fn blank_lines_are_not_rows() {
    loads_like_the_clean_files(|text| format!("\n{}\n", text.replace('\n', "\n\n")).into());
    loads_like_the_clean_files(|text| format!("\r\n{}", text.replace('\n', "\r\n\r\n")).into());
}

#[test]
fn every_field_may_be_quoted() {
    loads_like_the_clean_files(|text| {
        let lines = text.lines().map(|line| {
            let fields: Vec<_> = line.split(',').map(|it| format!("\"{it}\"")).collect();
            fields.join(",") + "\r\n"
        });
        lines.collect::<String>().into()
    });
}

#[test]
fn quoted_commas_quotes_and_line_ends_are_stored_as_given() {
    let users =
        "id,name,email\n1,\"a,b\",a@b.co\n2,\"say \"\"hi\"\"\",b@b.co\n3,\"x\r\ny\nz\",c@b.co\n";
    let folder = Folder::with_csv([users, CLEAN[1], CLEAN[2]]);
    folder.load(&[]);
    let stored = ["1|a,b|a@b.co", "2|say \"hi\"|b@b.co", "3|x\r\ny\nz|c@b.co"];
    assert_eq!(folder.rows("users"), stored);
}

#[test]
fn text_is_stored_with_its_spaces() {
    let folder = Folder::with_csv(["id,name,email\n1,  Al \t,a@b.co\n", CLEAN[1], CLEAN[2]]);
    folder.load(&[]);
    assert_eq!(folder.rows("users"), ["1|  Al \t|a@b.co"]);
}

/// The lines of the bad users in a file where every name is empty or spans lines.
fn bad_lines(users: &str) -> Vec<u64> {
    let folder = Folder::with_csv([users, CLEAN[1], CLEAN[2]]);
    let run = folder.load(&[]);
    run.lines("users", "skipped")
}

#[test]
fn a_row_is_on_the_line_where_it_starts() {
    assert_eq!(bad_lines("id,name,email\n1,,a@b.co\n2,,a@b.co"), [2, 3]);
}

#[test]
fn quoted_line_ends_count_for_the_lines_after_them() {
    let users = "id,name,email\n1,\"a\n\nb\",no\n2,,a@b.co\n3,\"a\r\nb\",no\n4,,a@b.co\n";
    assert_eq!(bad_lines(users), [2, 5, 6, 8]);
}

#[test]
fn crlf_is_one_line_end() {
    let users = "id,name,email\r\n1,,a@b.co\r\n2,A,a@b.co\r\n3,,a@b.co\r\n";
    assert_eq!(bad_lines(users), [2, 4]);
}

#[test]
fn a_lone_carriage_return_is_a_line_end() {
    assert_eq!(bad_lines("id,name,email\r1,,a@b.co\r\r2,,a@b.co\r"), [2, 4]);
}

#[test]
fn blank_lines_count() {
    let users = "\n\nid,name,email\n\n1,,a@b.co\n\r\n\r\n2,,a@b.co\n\n";
    assert_eq!(bad_lines(users), [5, 8]);
}

#[test]
fn blank_lines_count_after_a_byte_order_mark() {
    for (users, lines) in [
        ("\u{feff}\n\nid,name,email\n1,,a@b.co\n", [4]),
        ("\u{feff}\r\rid,name,email\r1,,a@b.co\r", [4]),
    ] {
        assert_eq!(bad_lines(users), lines, "{users:?}");
    }
}

#[test]
fn a_missing_file_means_no_rows_for_its_table() {
    for present in 1..8_u32 {
        let folder = Folder::initialized();
        let has = |place: usize| present & (1 << place) != 0;
        for (place, table) in TABLES.iter().enumerate().filter(|(place, _)| has(*place)) {
            folder.csv("input", table, CLEAN[place]);
        }
        let run = folder.load(&[]);
        let mut counts = [0, 1, 2].map(|place| [2 * u64::from(has(place)), 0, 0, 0]);
        if present != 7 {
            counts[2].swap(0, 2);
        }
        assert_eq!((run.status, run.counts()), (Some(0), counts), "{present:b}");
    }
}

#[test]
fn a_folder_with_none_of_the_files_is_an_error_that_names_them() {
    let folder = Folder::initialized();
    fs::create_dir(folder.outside().join("input")).unwrap();
    fs::write(folder.outside().join("input/Users.csv.bak"), CLEAN[0]).unwrap();
    let message = "tradexa: input has none of the files users.csv, products.csv, orders.csv: name other files with --file TABLE=PATH\n";
    refuses(&folder, predicate::eq(message));
}

#[cfg(target_os = "linux")] // Elsewhere, names in upper and lower case are the same.
#[test]
fn a_file_whose_name_is_not_in_lower_case_is_named() {
    let folder = Folder::with_csv(CLEAN);
    let input = folder.outside().join("input");
    fs::rename(input.join("orders.csv"), input.join("Orders.CSV")).unwrap();
    fs::write(input.join("USERS.csv"), "").unwrap();
    let run = folder.tradexa(&["insert", "--from", "input"]).assert();
    run.success()
        .stderr("tradexa: input/Orders.CSV is not read: rename it to orders.csv\n");
}

#[test]
fn a_folder_that_does_not_exist_is_an_error_that_names_it() {
    refuses(
        &Folder::initialized(),
        predicate::str::starts_with(
            "tradexa: input is not a folder: choose another one with --from",
        ),
    );
}

#[test]
fn a_file_in_place_of_the_folder_is_an_error_that_names_it() {
    let folder = Folder::initialized();
    fs::write(folder.outside().join("input"), CLEAN[0]).unwrap();
    refuses(
        &folder,
        predicate::eq(
            "tradexa: input is not a folder: give the folder that contains it with --from, or the file itself with --file\n",
        ),
    );
}

#[test]
fn a_file_that_is_a_folder_is_an_error_that_names_it() {
    let folder = Folder::initialized();
    fs::create_dir_all(folder.outside().join("input/users.csv")).unwrap();
    folder.csv("input", "orders", CLEAN[2]);
    let message = shown("tradexa: input/users.csv could not be read: ");
    refuses(&folder, predicate::str::starts_with(message));
}

#[test]
fn what_is_wrong_with_all_headers_is_listed_before_anything_is_written() {
    let folder = Folder::with_csv([
        "id,nmae,email,id,reason,reason\n1,Alice,a@b.co\n",
        "",
        "quantity,product_id,user,\"i\x1bd\"\n1,1,1,1\n",
    ]);
    let message = "\
tradexa: input/users.csv has the wrong columns in its header: column \"nmae\" is unknown (did you mean \"name\"?), column \"id\" is repeated, \
column \"reason\" is repeated, column \"name\" is missing (expected id, name, email; rename the columns, or name them with --column)
tradexa: input/products.csv is empty: expected a header with the columns id, name, price
tradexa: input/orders.csv has the wrong columns in its header: column \"user\" is unknown (did you mean \"user_id\"?), \
column \"i\\u{1b}d\" is unknown (did you mean \"id\"?), column \"id\" is missing, column \"user_id\" is missing (expected id, user_id, product_id, quantity; rename the columns, or name them with --column)
";
    refuses(&folder, predicate::eq(shown(message)));
}

#[test]
fn one_bad_header_keeps_the_other_tables_from_being_loaded() {
    for (place, table) in TABLES.iter().enumerate() {
        let mut texts = CLEAN.map(str::to_string);
        texts[place] = texts[place].replacen("id", "number", 1);
        let folder = Folder::with_csv(texts);
        let start = shown(&format!(
            "tradexa: input/{table}.csv has the wrong columns in its header: "
        ));
        refuses(&folder, predicate::str::starts_with(start));
    }
}

#[test]
fn a_file_of_nothing_but_blank_lines_is_empty() {
    for nothing in ["\n", "\r\n\r\n", "\r\r", "\u{feff}", "\u{feff}\n\n"] {
        let folder = Folder::with_csv([nothing, CLEAN[1], CLEAN[2]]);
        let message = "tradexa: input/users.csv is empty: expected a header with the columns id, name, email\n";
        refuses(&folder, predicate::eq(shown(message)));
    }
}

#[test]
fn a_file_of_nothing_but_a_header_has_no_rows() {
    let folder = Folder::with_csv([0, 1, 2].map(header));
    let run = folder.load(&["--strict"]);
    assert_eq!((run.status, run.counts()), (Some(0), [[0; 4]; 3]));
}

#[cfg(unix)] // A pipe that has a name in a folder.
#[test]
fn a_table_may_come_through_a_pipe() {
    let folder = Folder::with_csv(CLEAN);
    let pipe = crate::kit::started::pipe(&folder, "users");
    std::thread::scope(|scope| {
        scope.spawn(|| fs::write(&pipe, CLEAN[0]).unwrap());
        assert_eq!(folder.load(&[]).counts(), [[2, 0, 0, 0]; 3]);
    });
    assert_eq!(folder.all_rows(), CLEAN_ROWS.map(Vec::from));
}

#[cfg(unix)] // Links, which take a privilege on Windows.
#[test]
fn a_link_to_nothing_is_not_a_missing_file() {
    let folder = Folder::with_csv(CLEAN);
    let users = folder.outside().join("input/users.csv");
    fs::remove_file(&users).unwrap();
    std::os::unix::fs::symlink("gone", users).unwrap();
    let gone =
        "tradexa: input/users.csv could not be read: No such file or directory (os error 2)\n";
    let run = folder.tradexa(&["insert", "--from", "input"]).assert();
    run.code(1).stdout("").stderr(gone);
}

#[cfg(unix)] // A pipe that has a name in a folder.
#[test]
fn a_pipe_that_nobody_has_written_to_yet_is_named() {
    use std::io::{BufRead, BufReader};

    let folder = Folder::with_csv(CLEAN);
    let pipe = crate::kit::started::pipe(&folder, "products");
    let mut process = crate::kit::started::start(&folder, &["insert", "--from", "input"]);
    let mut line = String::new();
    let mut stderr = BufReader::new(process.stderr.take().unwrap());
    stderr.read_line(&mut line).unwrap();
    assert_eq!(
        line,
        "tradexa: waiting for the header of input/products.csv: all headers are read before any row, \
         so write to all pipes at the same time, not one after the other\n"
    );
    fs::write(&pipe, CLEAN[1]).unwrap();
    assert!(process.wait().unwrap().success());
    assert_eq!(folder.all_rows(), CLEAN_ROWS.map(Vec::from));
}

#[test]
fn tables_without_a_file_and_files_without_a_table_are_named() {
    let folder = Folder::initialized();
    let [users, ..] = CLEAN;
    for name in ["users", "customers", "items"] {
        folder.csv("input", name, users);
    }
    let run = folder.load(&[]).succeeded();
    assert_eq!(
        run.stderr,
        shown(
            "tradexa: input/products.csv does not exist: no products are loaded\n\
             tradexa: input/orders.csv does not exist: no orders are loaded\n\
             tradexa: input/customers.csv is not read: no table is named after it (name it with --file TABLE=PATH)\n\
             tradexa: input/items.csv is not read: no table is named after it (name it with --file TABLE=PATH)\n"
        )
    );
}

#[test]
fn at_most_ten_files_without_a_table_are_named() {
    let folder = Folder::with_csv(CLEAN);
    for number in 0..20 {
        folder.csv("input", &format!("more-{number}"), "");
    }
    let run = folder.load(&[]).succeeded();
    assert_eq!(run.stderr.lines().count(), 10, "{}", run.stderr);
}

#[test]
fn a_file_that_mixes_encodings_is_not_advised_to_be_converted() {
    let folder = Folder::with_csv(CLEAN);
    let users = b"id,name,email\n1,Zo\xc3\xab,a@b.co\n2,Ren\xe9,r@b.co\n3,J\xf8rn,j@b.co\n";
    folder.csv("input", "users", users);
    let run = folder.load(&[]).succeeded();
    let mixes = "users.csv mixes encodings, with 2 rows that are not UTF-8: fix only those rows";
    assert!(run.stderr.contains(mixes), "{}", run.stderr);
    assert!(!run.stderr.contains("--encoding"), "{}", run.stderr);
}

#[test]
fn a_file_all_of_whose_accents_are_not_utf_8_is_advised_to_be_converted() {
    let folder = Folder::with_csv(CLEAN);
    let users = b"id,name,email\n1,Alice,a@b.co\n2,Ren\xe9,r@b.co\n";
    folder.csv("input", "users", users);
    let run = folder.load(&[]).succeeded();
    let all =
        "users.csv has 1 row that is not UTF-8, including every row with non-ASCII characters";
    assert!(run.stderr.contains(all), "{}", run.stderr);
    assert!(
        run.stderr.contains("--encoding, most likely windows-125"),
        "{}",
        run.stderr
    );
    for likely in ["windows-1252", "windows-1250 for Central Europe"] {
        assert!(run.stderr.contains(likely), "{}", run.stderr);
    }
}

#[test]
fn bytes_of_another_script_are_not_taken_for_accents() {
    for (name, likely) in [
        (
            &b"\xc8\xe2\xe0\xed \xcf\xe5\xf2\xf0\xee\xe2"[..],
            "windows-1251 (\u{418}\u{432}\u{430}\u{43d})",
        ),
        (
            b"\x83\x5c\x83\x74\x83\x67\x95\x5c",
            "shift_jis (\u{30bd}\u{30d5}\u{30c8}\u{8868})",
        ),
    ] {
        let folder = Folder::with_csv(CLEAN);
        let users = [b"id,name,email\n1,", name, b",a@b.co\n"].concat();
        folder.csv("input", "users", users);
        let run = folder.load(&[]).succeeded();
        let likely = format!("--encoding, most likely {likely}");
        assert!(run.stderr.contains(&likely), "{}", run.stderr);
        assert!(!run.stderr.contains("windows-1252"), "{}", run.stderr);
    }
}

#[test]
fn a_file_that_is_not_utf_8_is_advised_to_be_loaded_apart_if_others_are() {
    let folder = Folder::with_csv(CLEAN);
    let users = b"id,name,email\n1,Alice,a@b.co\n2,Ren\xe9,r@b.co\n";
    folder.csv("input", "users", users);
    let run = folder.load(&["--dry-run"]).succeeded();
    assert!(!run.stderr.contains("separately"), "{}", run.stderr);
    folder.csv("input", "products", "id,name,price\n1,K\u{fc}hlbox,5\n");
    for users in [&users[..], b"id,name,email,Gr\xf6\xdfe\n1,Alice,a@b.co,x\n"] {
        folder.csv("input", "users", users);
        let run = folder.load(&["--dry-run"]);
        let apart = "others are UTF-8, so load this one separately, with --file users=";
        assert!(run.stderr.contains(apart), "{}", run.stderr);
    }
}

#[test]
fn a_wrong_encoding_is_reported_as_such() {
    let folder = Folder::with_csv(CLEAN);
    let users = b"id,name,email\n1,K\xe4se,a@b.co\n2,Ren\xe9,r@b.co\n";
    folder.csv("input", "users", users);
    let run = folder.load(&["--encoding=gbk"]).succeeded();
    let wrong = "users.csv has 1 row that is not GBK: --encoding may name the wrong one, so try another, most likely windows-1252";
    assert!(run.stderr.contains(wrong), "{}", run.stderr);
    assert!(!run.stderr.contains("mixes"), "{}", run.stderr);
}

#[test]
fn a_file_in_utf_8_that_was_read_in_another_encoding_is_named_once() {
    let folder = Folder::with_csv(CLEAN);
    let users = "id,name,email\n1,\u{7530}\u{4e2d}\u{592a}\u{90ce},a@b.co\n2,Ren\u{e9},r@b.co\n";
    folder.csv("input", "users", users);
    let run = folder.load(&["--encoding=shift_jis"]).succeeded();
    assert_eq!(run.outcomes("users")[2], 1);
    assert_eq!(run.stderr.matches("users.csv").count(), 1, "{}", run.stderr);
    assert!(
        run.stderr.contains("seems to be in UTF-8"),
        "{}",
        run.stderr
    );
}

#[test]
fn iso_2022_jp_is_named_and_read() {
    let folder = Folder::with_csv(CLEAN);
    let users = "id,name,email\n1,\u{1b}$BEDCf\u{1b}(B,a@b.co\n";
    folder.csv("input", "users", users);
    let run = folder.load(&["--dry-run"]).succeeded();
    assert!(
        run.stderr.contains("add --encoding iso-2022-jp"),
        "{}",
        run.stderr
    );
    folder.load(&["--encoding=iso-2022-jp"]).succeeded();
    assert_eq!(folder.rows("users"), ["1|\u{7530}\u{4e2d}|a@b.co"]);
}
