//! Several processes at once in one folder.

use std::thread;

use crate::kit::{ALL_INSERTED, ALL_UNCHANGED, Folder, many};

/// Runs something in eight threads at once.
fn eight_times<T: Send>(run: impl Fn() -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let runs: Vec<_> = (0..8).map(|_| scope.spawn(&run)).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    })
}

#[test]
fn eight_processes_that_insert_at_once_share_the_rows_without_a_failure() {
    let folder = Folder::initialized();
    let runs = eight_times(|| folder.insert(&["--lock-timeout", "200"]));
    let mut inserted = [0; 3];
    for run in &runs {
        assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
        for (table, counts) in run.counts().iter().enumerate() {
            assert_eq!(counts[0] + counts[1], ALL_INSERTED[table][0]);
            inserted[table] += counts[0];
        }
    }
    assert_eq!(inserted, [9, 9, 7]);
    folder.assert_complete();
}

#[test]
fn eight_processes_that_init_at_once_all_succeed() {
    let folder = Folder::new();
    for output in eight_times(|| folder.tradexa(&["init"]).output().unwrap()) {
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
    assert_eq!(folder.insert(&[]).counts(), ALL_INSERTED);
    folder.assert_complete();
}

#[test]
fn init_and_insert_at_once_leave_complete_databases_alone() {
    let folder = Folder::inserted();
    thread::scope(|scope| {
        scope.spawn(|| folder.tradexa(&["init"]).assert().success());
        let run = folder.insert(&["--lock-timeout", "200"]);
        assert_eq!((run.status, run.counts()), (Some(0), ALL_UNCHANGED));
    });
    folder.assert_complete();
}

#[test]
fn eight_loads_at_once_with_the_default_options_starve_nobody() {
    let folder = Folder::with_csv(many(10_000));
    let runs = eight_times(|| folder.load(&["--limit", "0"]).succeeded());
    for table in 0..3 {
        let inserted = runs.iter().map(|run| run.counts()[table][0]);
        assert_eq!(inserted.sum::<u64>(), 10_000);
        let counts = runs.iter().map(|run| run.counts()[table]);
        assert!(
            counts
                .into_iter()
                .all(|[inserted, unchanged, ..]| inserted + unchanged == 10_000)
        );
    }
    assert_eq!(folder.all_rows().map(|rows| rows.len()), [10_000; 3]);
}
