//! `tradexa insert --from`: which rows are stored, which are not, and why.

use serde_json::json;

use crate::kit::{CLEAN, Folder, Run};

/// Loads these CSV files.
fn load(texts: [&[u8]; 3], arguments: &[&str]) -> (Folder, Run) {
    let folder = Folder::with_csv(texts);
    let run = folder.load(arguments);
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    (folder, run)
}

/// Loads these users, and clean products and orders.
fn load_users(users: impl AsRef<[u8]>, arguments: &[&str]) -> (Folder, Run) {
    let users = [b"id,name,email\n", users.as_ref()].concat();
    load(
        [&users, CLEAN[1].as_bytes(), CLEAN[2].as_bytes()],
        arguments,
    )
}

const BAD_USERS: &[u8] = b"id,name,email
0,,bob
-3, \t\xc2\xa0,a@b
+1,Al,al@b.co
1,Al,al@b.co
01,,a@@b.co
1.0,Bo,a b@c.co
,Bo,@b.co
9223372036854775808,Bo,a@b..co
-9223372036854775809,\xff,\xff@b.co
2\0,B\0o,b@\0b.co
2,Bo
2,Bo,b@b.co,more
 2,Bo,b@b.co.
";

const BAD_PRODUCTS: &[u8] = b"id,name,price
1,,0
2,A,-50
3,A,inf
4,A,NaN
5,A,1e999
6,A,
7,A,1 000
8,A,0x10
x,\xe2\x80\x83,y\"z
9,A,-0.0
";

const BAD_ORDERS: &[u8] = b"id,user_id,product_id,quantity
0,2,1,0
1,x,1.5,2.5
1,1,,-1
1,99999999999999999999,\xff,1e3
1,-7,0,99999999999999999999
";

#[test]
fn every_broken_rule_is_reported_in_column_order_and_in_fixed_words() {
    let (folder, run) = load([BAD_USERS, BAD_PRODUCTS, BAD_ORDERS], &[]);
    assert_eq!(
        run.reasons("users", "skipped"),
        [
            "2: id must be greater than 0, got 0; name is empty; email is not valid: \"bob\"",
            "3: id must be greater than 0, got -3; name is empty; email is not valid: \"a@b\"",
            "5: id 1 is already used on line 4",
            "6: id 1 is already used on line 4; name is empty; email is not valid: \"a@@b.co\"",
            "7: id is not a whole number: \"1.0\"; email is not valid: \"a b@c.co\"",
            "8: id is empty; email is not valid: \"@b.co\"",
            "9: id is out of range: \"9223372036854775808\"; email is not valid: \"a@b..co\"",
            "10: id is out of range: \"-9223372036854775809\"; name is not valid UTF-8; email is not valid UTF-8",
            "11: id contains a NUL character; name contains a NUL character; email contains a NUL character",
            "12: expected 3 fields, found 2",
            "13: expected 3 fields, found 4",
            "14: id is not a whole number: \" 2\"; email is not valid: \"b@b.co.\"",
        ]
    );
    assert_eq!(
        run.reasons("products", "skipped"),
        [
            "2: name is empty; price must be greater than 0, got 0",
            "3: price must be greater than 0, got -50",
            "4: price is not a number: \"inf\"",
            "5: price is not a number: \"NaN\"",
            "6: price is out of range: \"1e999\"",
            "7: price is empty",
            "8: price is not a number: \"1 000\"",
            "9: price is not a number: \"0x10\"",
            "10: id is not a whole number: \"x\"; name is empty; price is not a number: \"y\\\"z\"",
            "11: price must be greater than 0, got -0.0",
        ]
    );
    assert_eq!(
        run.reasons("orders", "skipped"),
        [
            "2: id must be greater than 0, got 0; user_id 2 does not exist in users; product_id 1 does not exist in products; \
             quantity must be greater than 0, got 0",
            "3: user_id is not a whole number: \"x\"; product_id is not a whole number: \"1.5\"; \
             quantity is not a whole number: \"2.5\"",
            "4: product_id is empty; quantity must be greater than 0, got -1",
            "5: user_id is out of range: \"99999999999999999999\"; product_id is not valid UTF-8; \
             quantity is not a whole number: \"1e3\"",
            "6: user_id -7 does not exist in users; product_id 0 does not exist in products; \
             quantity is out of range: \"99999999999999999999\"",
        ]
    );
    assert_eq!(folder.all_rows(), [vec!["1|Al|al@b.co"], vec![], vec![]]);
}

#[test]
fn the_good_rows_among_bad_ones_are_stored() {
    let users =
        b"1,Al,a@b.co\n2,B\xffo,b@b.co\n3,B\0o,b@b.co\n4,Bo\n5,Bo,b@b.co,x\n\"6\",Flo,f@b.co\n";
    let (folder, run) = load_users(users, &[]);
    assert_eq!(run.counts()[0], [2, 0, 4, 0]);
    assert_eq!(folder.rows("users"), ["1|Al|a@b.co", "6|Flo|f@b.co"]);
}

#[test]
fn a_short_row_lacks_fields_in_json_and_a_long_one_has_extra_ones() {
    let (_, run) = load_users(b"1\n2,B\xffo,b@b.co\n3,Bo,b@b.co,x,\xff\n", &[]);
    let rows = run.table("users")["skipped_rows"].as_array().unwrap();
    let rows: Vec<_> = rows.iter().map(|row| &row["row"]).collect();
    assert_eq!(
        json!(rows),
        json!([
            {"id": "1"},
            {"id": "2", "name": "B\u{fffd}o", "email": "b@b.co"},
            {"id": "3", "name": "Bo", "email": "b@b.co", "_extra": ["x", "\u{fffd}"]},
        ])
    );
}

#[test]
fn the_reason_of_a_short_row_is_not_taken_for_another_field() {
    let users = "id,reason,name,email\n1,because,Al\n";
    let folder = Folder::with_csv([users, CLEAN[1], CLEAN[2]]);
    let run = folder.load(&[]);
    let skipped = &run.table("users")["skipped_rows"][0];
    assert_eq!(skipped["row"], json!({"id": "1", "name": "Al"}));
    assert_eq!(skipped["reasons"], json!(["expected 3 fields, found 2"]));
}

#[test]
fn a_row_that_breaks_a_rule_uses_neither_its_id_nor_its_email() {
    let users = "1,,a@b.co\n1,Al,a@b.co\n2,Bo,a@b.co\n1,Cy,c@b.co\n";
    let (_, run) = load_users(users, &["--unique-email"]);
    assert_eq!(
        run.reasons("users", "skipped"),
        [
            "2: name is empty",
            "4: email \"a@b.co\" is already used by id 1",
            "5: id 1 is already used on line 3"
        ]
    );
}

#[test]
fn an_id_that_turns_out_to_be_taken_is_used_nevertheless() {
    let folder = Folder::with_csv([
        "id,name,email\n1,Al,a@b.co\n1,Zed,z@b.co\n",
        CLEAN[1],
        CLEAN[2],
    ]);
    folder.execute("users", "INSERT INTO users VALUES (1, 'Zed', 'z@b.co')");
    assert_eq!(
        folder.load(&[]).reasons("users", "skipped"),
        [
            "2: id 1 is already taken by a different row in users.db (name and email differ)",
            "3: id 1 is already used on line 2"
        ]
    );
}

#[test]
fn a_unique_email_is_compared_without_the_case_of_ascii_letters() {
    let users = "1,A,Ä@B.co\n2,B,ä@b.co\n3,C,Ä@b.CO\n4,D,d@b.co\n5,E,D@B.CO\n";
    let (_, run) = load_users(users, &["--unique-email"]);
    assert_eq!(
        run.reasons("users", "skipped"),
        [
            "4: email \"Ä@b.CO\" is already used by id 1",
            "6: email \"D@B.CO\" is already used by id 4"
        ]
    );
}

#[test]
fn a_stored_email_belongs_to_the_stored_user_with_the_lowest_id() {
    let folder = Folder::with_csv([
        "id,name,email\n5,E,A@B.CO\n7,G,a@b.co\n3,C,c@b.co\n",
        CLEAN[1],
        CLEAN[2],
    ]);
    folder.execute(
        "users",
        "INSERT INTO users VALUES (9, 'I', 'a@b.co'), (7, 'G', 'a@b.co')",
    );
    let run = folder.load(&["--unique-email"]);
    assert_eq!(
        run.reasons("users", "skipped"),
        ["2: email \"A@B.CO\" is already used by id 7"]
    );
    assert_eq!(run.counts()[0], [1, 1, 1, 0]);
}

#[test]
fn ids_come_in_any_order_with_any_gaps() {
    let users = "9223372036854775807,Z,z@b.co\n1,A,a@b.co\n4294967296,M,m@b.co\n4294967295,L,l@b.co\n-1,N,n@b.co\n\
                 9223372036854775807,Y,y@b.co\n4294967296,M,m@b.co\n";
    for threads in ["1", "64"] {
        let (folder, run) = load_users(users, &["--threads", threads]);
        assert_eq!(
            run.reasons("users", "skipped"),
            [
                "6: id must be greater than 0, got -1",
                "7: id 9223372036854775807 is already used on line 2",
                "8: id 4294967296 is already used on line 4"
            ]
        );
        let stored = [
            "1|A|a@b.co",
            "4294967295|L|l@b.co",
            "4294967296|M|m@b.co",
            "9223372036854775807|Z|z@b.co",
        ];
        assert_eq!(folder.rows("users"), stored);
    }
}
