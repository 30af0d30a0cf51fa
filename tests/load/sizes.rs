//! `tradexa insert --from` at size: shares of many rows, many references, many threads, and loads that are run again.

use crate::kit::{CLEAN, Folder, many};

#[test]
fn many_ids_in_no_order_are_stored_under_their_own() {
    let mut clean = many(3000);
    let in_order = Folder::with_csv(clean.each_ref());
    in_order.load(&[]);
    for text in &mut clean {
        let (header, rows) = text.split_once('\n').unwrap();
        let rows: Vec<_> = rows.lines().collect();
        // 7 and 3000 have no common divisor, and so every row comes once.
        let shuffled: Vec<_> = (0..3000).map(|n| rows[n * 7 % 3000]).collect();
        *text = format!("{header}\n{}\n", shuffled.join("\n"));
    }
    let folder = Folder::with_csv(clean);
    let run = folder.load(&["--threads", "2"]);
    assert_eq!(run.counts(), [[3000, 0, 0, 0]; 3]);
    assert!(folder.all_rows() == in_order.all_rows());
}

#[test]
fn orders_may_refer_to_any_number_of_users_stored_before() {
    let folder = Folder::with_csv(many(2500));
    folder.load(&[]);
    folder.execute("users", "DELETE FROM users WHERE id = 2400");
    folder.execute("orders", "DELETE FROM orders");
    for table in ["users", "products"] {
        std::fs::remove_file(folder.outside().join(format!("input/{table}.csv"))).unwrap();
    }
    let run = folder.load(&[]);
    assert_eq!(run.counts(), [[0; 4], [0; 4], [2499, 0, 1, 0]]);
    assert_eq!(
        run.reasons("orders", "skipped"),
        ["2401: user_id 2400 does not exist in users"]
    );
}

#[test]
fn rows_added_to_a_file_are_all_that_the_next_load_inserts() {
    let folder = Folder::with_csv(many(300));
    folder.load(&[]);
    let [users, products, orders] = many(300);
    let orders = orders.replacen('\n', "\n301,301,1,1\n", 1);
    folder.give("input", [users + "301,New,n@b.co\n", products, orders]);
    let rerun = folder.load(&["--threads", "8"]);
    assert_eq!(
        rerun.counts(),
        [[1, 300, 0, 0], [0, 300, 0, 0], [1, 300, 0, 0]]
    );
    assert_eq!(folder.rows("orders")[300], "301|301|1|1");
}

#[test]
fn any_number_of_threads_stores_the_same() {
    let texts = many(5000);
    let mut stored = Vec::new();
    for (most, threads) in [
        ("1", 3 * 2),
        ("2", 3 * 3),
        ("64", 3 * 65),
        ("1000", 3 * 1001),
    ] {
        let folder = Folder::with_csv(texts.each_ref());
        let run = folder.load(&["--threads", most, "--limit", "0"]);
        assert_eq!((run.status, run.counts()), (Some(0), [[5000, 0, 0, 0]; 3]));
        assert_eq!(run.report["threads"], threads, "--threads {most}");
        stored.push(folder.all_rows());
    }
    assert!(stored.iter().all(|rows| *rows == stored[0]));
    assert_eq!(stored[0][2][4999], "5000|5000|1|5000");
}

#[test]
fn no_thread_is_spawned_for_a_row_that_breaks_a_rule() {
    for (most, threads) in [("2", 6), ("3", 6), ("64", 6)] {
        let bad = |text: &str| text.replacen('\n', "\nx,1,1,1\n", 1) + "-1,1,1,1\n";
        let folder = Folder::with_csv(CLEAN.map(bad));
        let run = folder.load(&["--threads", most]);
        assert_eq!(run.counts(), [[2, 0, 2, 0]; 3]);
        assert_eq!(run.report["threads"], threads, "--threads {most}");
    }
}

#[cfg(unix)] // `ulimit`.
#[test]
fn a_thousand_threads_work_with_few_file_descriptors() {
    let folder = Folder::with_csv(many(3000));
    let arguments = "insert --from input --format json --threads 1000";
    let arguments: Vec<_> = arguments.split(' ').collect();
    let run = folder.with_descriptors(256, &arguments);
    assert_eq!((run.status, run.counts()), (Some(0), [[3000, 0, 0, 0]; 3]));
}
