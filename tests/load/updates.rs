//! `insert --update` of the built-in tables: rows that replace stored ones with the same id.

use serde_json::json;

use crate::kit::{Folder, Run, TABLES, header, text};

/// A folder with two users, two products and two orders, and these files to load beside it.
fn stored(given: [&str; 3]) -> Folder {
    let folder = Folder::with_csv(files([
        "1,Ann,ann@b.co\n2,Bo,bo@b.co\n",
        "1,Lamp,9.5\n2,Desk,90\n",
        "1,1,1,1\n2,2,2,2\n",
    ]));
    folder.load(&[]).succeeded();
    folder.give("input", files(given));
    folder
}

/// CSV files with these rows.
fn files(rows: [&str; 3]) -> [String; 3] {
    [0, 1, 2].map(|table| format!("{}\n{}", header(table), rows[table]))
}

/// Inserted, updated, unchanged, skipped and failed rows of each table.
fn counts(run: &Run) -> [[u64; 5]; 3] {
    TABLES.map(|table| {
        ["inserted", "updated", "unchanged", "skipped", "failed"]
            .map(|outcome| run.count(table, outcome))
    })
}

const NOTHING: [u64; 5] = [0; 5];

#[test]
fn changed_rows_replace_stored_ones_and_may_refer_to_new_ones() {
    let folder = stored([
        "1,Anna,ann@b.co\n2,Bo,bo@b.co\n3,Cy,cy@b.co\n",
        "1,Lamp,10\n3,Sofa,500\n",
        "1,3,3,1\n2,2,2,2\n3,1,1,5\n",
    ]);
    let run = folder.load(&["--update"]).succeeded();
    let expected = [[1, 1, 1, 0, 0], [1, 1, 0, 0, 0], [1, 1, 1, 0, 0]];
    assert_eq!(counts(&run), expected);
    let updated = json!([{"id": 1, "user_id": 3, "product_id": 3, "quantity": 1}]);
    assert_eq!(run.table("orders")["updated_rows"], updated);
    let users = ["1|Anna|ann@b.co", "2|Bo|bo@b.co", "3|Cy|cy@b.co"];
    assert_eq!(folder.rows("users"), users);
    let products = ["1|Lamp|10.0", "2|Desk|90.0", "3|Sofa|500.0"];
    assert_eq!(folder.rows("products"), products);
    assert_eq!(folder.rows("orders"), ["1|3|3|1", "2|2|2|2", "3|1|1|5"]);
}

#[test]
fn new_values_that_break_a_rule_leave_the_stored_row() {
    let folder = stored(["1,,ann@b.co\n", "1,Lamp,-1\n", "1,9,1,1\n2,2,2,x\n"]);
    let run = folder.load(&["--update"]).succeeded();
    let one = [0, 0, 0, 1, 0];
    assert_eq!(counts(&run), [one, one, [0, 0, 0, 2, 0]]);
    let reasons = [
        "2: user_id 9 does not exist in users",
        "3: quantity is not a whole number: \"x\"",
    ];
    assert_eq!(run.reasons("orders", "skipped"), reasons);
    assert_eq!(folder.rows("users"), ["1|Ann|ann@b.co", "2|Bo|bo@b.co"]);
    assert_eq!(folder.rows("products"), ["1|Lamp|9.5", "2|Desk|90.0"]);
    assert_eq!(folder.rows("orders"), ["1|1|1|1", "2|2|2|2"]);
}

#[test]
fn the_old_email_of_a_user_does_not_conflict_with_its_new_row() {
    let folder = stored(["1,Anna,ann@b.co\n2,Bo,BO@b.co\n", "", ""]);
    let run = folder.load(&["--update", "--unique-email"]).succeeded();
    assert_eq!(counts(&run), [[0, 2, 0, 0, 0], NOTHING, NOTHING]);
    assert_eq!(folder.rows("users"), ["1|Anna|ann@b.co", "2|Bo|BO@b.co"]);
}

#[test]
fn an_email_of_another_user_is_used_whether_stored_or_on_an_earlier_line() {
    let folder = stored(["1,Ann,bo@b.co\n2,Bo,new@b.co\n3,Cy,New@b.co\n", "", ""]);
    let run = folder.load(&["--update", "--unique-email"]).succeeded();
    assert_eq!(counts(&run), [[0, 1, 0, 2, 0], NOTHING, NOTHING]);
    let reasons = [
        "2: email \"bo@b.co\" is already used by id 2",
        "4: email \"New@b.co\" is already used by id 2",
    ];
    assert_eq!(run.reasons("users", "skipped"), reasons);
    assert_eq!(folder.rows("users"), ["1|Ann|ann@b.co", "2|Bo|new@b.co"]);
}

#[test]
fn an_email_that_another_user_gives_up_is_free_in_the_next_load() {
    for threads in ["64", "1"] {
        let folder = stored(["1,Ann,new@b.co\n2,Bo,ann@b.co\n3,Cy,bo@b.co\n", "", ""]);
        let options = ["--update", "--unique-email", "--threads", threads];
        for (outcomes, waiting) in [
            (
                [0, 1, 0, 2, 0],
                "3: email \"ann@b.co\" is already used by id 1",
            ),
            (
                [0, 1, 1, 1, 0],
                "4: email \"bo@b.co\" is already used by id 2",
            ),
        ] {
            let run = folder.load(&options).succeeded();
            assert_eq!(counts(&run)[0], outcomes);
            assert_eq!(run.reasons("users", "skipped")[0], waiting);
        }
        let run = folder.load(&options).succeeded();
        assert_eq!(counts(&run)[0], [1, 0, 2, 0, 0]);
        let users = ["1|Ann|new@b.co", "2|Bo|ann@b.co", "3|Cy|bo@b.co"];
        assert_eq!(folder.rows("users"), users);
        let check = folder.check(&["--unique-email"]).succeeded();
        assert_eq!(check.report["violations"], 0);
    }
}

#[test]
fn if_two_rows_have_the_same_id_only_the_first_replaces_the_stored_row() {
    for threads in ["64", "1"] {
        let folder = stored([
            "1,Anna,ann@b.co\n1,Anne,ann@b.co\n",
            "3,Sofa,500\n3,Sofa,400\n",
            "2,2,2,2\n2,2,2,3\n",
        ]);
        let run = folder.load(&["--update", "--threads", threads]).succeeded();
        let expected = [[0, 1, 0, 1, 0], [1, 0, 0, 1, 0], [0, 0, 1, 1, 0]];
        assert_eq!(counts(&run), expected);
        for (table, id) in TABLES.into_iter().zip([1, 3, 2]) {
            let reason = format!("3: id {id} is already used on line 2");
            assert_eq!(run.reasons(table, "skipped"), [reason], "{table}");
        }
        assert_eq!(folder.rows("users"), ["1|Anna|ann@b.co", "2|Bo|bo@b.co"]);
        assert_eq!(folder.rows("products")[2], "3|Sofa|500.0");
        assert_eq!(folder.rows("orders")[1], "2|2|2|2");
    }
}

#[test]
fn a_dry_run_says_what_an_update_then_does_and_touches_nothing() {
    let folder = stored([
        "1,Anna,ann@b.co\n2,Bo,ann@b.co\n3,Cy,cy@b.co\n",
        "1,Lamp,9.5\n2,Desk,80\n",
        "1,3,2,1\n2,9,2,2\n3,3,1,1\n",
    ]);
    let options = ["--update", "--unique-email", "--limit", "0"];
    let before = folder.everything();
    let dry = folder
        .load(&[&options[..], &["--dry-run"]].concat())
        .succeeded();
    assert!(
        folder.everything() == before,
        "a file was changed or touched"
    );
    for table in TABLES {
        assert_eq!(dry.table(table)["updated_rows"], json!([]), "{table}");
    }
    let expected = [[1, 1, 0, 1, 0], [0, 1, 1, 0, 0], [1, 1, 0, 1, 0]];
    assert_eq!(counts(&dry), expected);
    let run = folder.load(&options).succeeded();
    assert_eq!(counts(&run), expected);
    for table in TABLES {
        let skipped = run.reasons(table, "skipped");
        assert_eq!(dry.reasons(table, "skipped"), skipped, "{table}");
    }
}

#[test]
fn the_rejects_of_an_update_replace_stored_rows_once_they_are_fixed() {
    let folder = stored([
        "1,Anna,ann.b.co\n2,Bob,bo@b.co\n",
        "1,Lamp,9.5\n",
        "1,1,3,1\n2,2,2,3\n",
    ]);
    let options = ["--update", "--rejects", "rejects"];
    let run = folder.load(&options).succeeded();
    assert_eq!(counts(&run)[0], [0, 1, 0, 1, 0]);
    assert_eq!(counts(&run)[2], [0, 1, 0, 1, 0]);
    let rejects = |table| folder.csv_in("rejects", table).map(|file| text(&file));
    let users = "id,name,email,reason\n1,Anna,ann.b.co,\"email is not valid: \"\"ann.b.co\"\"\"\n";
    assert_eq!(rejects("users").as_deref(), Some(users));
    assert_eq!(rejects("products"), None);
    let orders = "id,user_id,product_id,quantity,reason\n\
                  1,1,3,1,product_id 3 does not exist in products\n";
    assert_eq!(rejects("orders").as_deref(), Some(orders));
    folder.csv("rejects", "users", users.replace("ann.b.co", "ann@b.co"));
    folder.csv(
        "rejects",
        "products",
        format!("{}\n3,Sofa,500\n", header(1)),
    );
    let again = [
        "insert",
        "--format=json",
        "--update",
        "--from=rejects",
        "--ignore-extra-columns",
    ];
    let run = Run::of(&mut folder.tradexa(&again)).succeeded();
    let updated = [0, 1, 0, 0, 0];
    assert_eq!(counts(&run), [updated, [1, 0, 0, 0, 0], updated]);
    assert_eq!(folder.rows("users"), ["1|Anna|ann@b.co", "2|Bob|bo@b.co"]);
    assert_eq!(folder.rows("orders"), ["1|1|3|1", "2|2|2|3"]);
}

#[test]
fn the_command_that_loads_the_fixed_rejects_of_an_update_updates_too() {
    let folder = stored(["1,Anna,ann.b.co\n", "", ""]);
    let insert = ["insert", "--from=input", "--update", "--rejects=rejects"];
    let output = folder.tradexa(&insert).assert().code(0);
    let stdout = text(&output.get_output().stdout);
    let advice = "load them with: tradexa --dir databases insert --update --from rejects";
    assert!(stdout.contains(advice), "{stdout}");
}

#[test]
fn a_row_that_could_not_be_updated_is_among_the_rejects_and_what_refers_to_it_is_stored() {
    let folder = stored(["1,Anna,ann@b.co\n2,Bo,bo@b.co\n", "", "1,2,2,1\n3,1,1,1\n"]);
    let lock = folder.lock("users");
    let options = ["--update", "--lock-timeout", "0"];
    let run = folder.load(&[&options[..], &["--rejects", "rejects"]].concat());
    drop(lock);
    assert_eq!(run.status, Some(1));
    assert_eq!(counts(&run), [[0, 0, 1, 0, 1], NOTHING, [1, 1, 0, 0, 0]]);
    let reason = "users.db is locked by another process (waited 0 s)";
    let rejects = format!("id,name,email,reason\n1,Anna,ann@b.co,{reason}\n");
    assert_eq!(
        folder.csv_in("rejects", "users").map(|file| text(&file)),
        Some(rejects)
    );
    let again = ["insert", "--format=json", "--update", "--from=rejects"];
    let run = Run::of(&mut folder.tradexa(&again)).succeeded();
    assert_eq!(counts(&run)[0], [0, 1, 0, 0, 0]);
}

#[test]
fn an_order_of_a_new_user_replaces_a_stored_one_only_once_the_user_is_stored() {
    let folder = Folder::inserted();
    folder.csv(
        "input",
        "users",
        format!("{}\n11,Kim,k@b.co\n12,,l@b.co\n", header(0)),
    );
    folder.csv(
        "input",
        "orders",
        format!("{}\n1,11,1,2\n2,12,2,1\n", header(2)),
    );
    let run = folder.load(&["--update"]).succeeded();
    assert_eq!(
        [
            run.count("orders", "updated"),
            run.count("orders", "skipped")
        ],
        [1, 1]
    );
    assert_eq!(folder.rows("orders")[..2], ["1|11|1|2", "2|2|2|1"]);
}
