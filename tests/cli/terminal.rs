//! Progress, colours and the width of reports in a real terminal.

use std::fs::{File, OpenOptions};
use std::io::Write;

use crate::kit::started::pipe;
use crate::kit::{CLEAN, Folder, Run, Screen, many, strace};

/// The lines that the terminal had to wrap.
fn wrapped(screen: &Screen, columns: usize) -> Vec<String> {
    let lines = screen.unwrapped().into_iter();
    lines
        .filter(|line| console::measure_text_width(line) > columns)
        .collect()
}

/// A load whose users come through a pipe, in a terminal of this size. It lasts until the test drops the file, which is
/// the writing end of the pipe.
fn slow_load_sized(
    folder: &Folder,
    columns: u32,
    rows: u32,
    options: &str,
) -> Option<(Screen, File)> {
    let pipe = pipe(folder, "users");
    let command = format!("tradexa insert --from input {options}");
    let screen = Screen::start_sized(folder, columns, rows, &command)?;
    let mut pipe = OpenOptions::new().write(true).open(&pipe).unwrap();
    pipe.write_all(CLEAN[0].as_bytes()).unwrap();
    Some((screen, pipe))
}

/// The same in a terminal of 24 rows.
fn slow_load(folder: &Folder, columns: u32, options: &str) -> Option<(Screen, File)> {
    slow_load_sized(folder, columns, 24, options)
}

/// Whether a line shows progress.
fn is_progress(line: &str) -> bool {
    line.contains("rows/s") || line.contains("waits for") || line.contains(['█', '░'])
}

#[test]
fn progress_shows_which_tables_a_table_waits_for() {
    let folder = Folder::with_csv(many(100));
    let Some((screen, pipe)) = slow_load(&folder, 80, "") else {
        return;
    };
    let lines = screen.wait_for("waits for users");
    let of = |table: &str| {
        let found = lines
            .iter()
            .find(|line| line.trim_start().starts_with(table));
        found.unwrap_or_else(|| panic!("{table} is not in {lines:#?}"))
    };
    assert!(of("orders").contains("waits for users"), "{lines:#?}");
    assert!(of("products").contains("100 rows  done"), "{lines:#?}");
    assert!(of("products").ends_with("100 % ██████████"), "{lines:#?}");
    assert!(of("users").contains("rows/s"), "{lines:#?}");
    assert!(of("total").contains("rows/s"), "{lines:#?}");
    drop(pipe);
    screen.end(0);
}

#[test]
fn a_table_is_not_done_while_its_rows_wait_for_a_lock() {
    let folder = Folder::with_csv(many(100));
    let locked = folder.lock("products");
    let options = "--threads 1000 --lock-timeout 60";
    let Some((screen, pipe)) = slow_load(&folder, 80, options) else {
        return;
    };
    let lines = screen.wait_for("waits for users");
    let products = lines.iter().find(|line| line.contains("products"));
    assert!(products.unwrap().contains("0 rows  0 rows/s"), "{lines:#?}");
    drop(locked);
    screen.wait_for("100 rows  done");
    drop(pipe);
    screen.end(0);
}

#[test]
fn progress_does_not_wrap_in_a_narrow_terminal() {
    for columns in [80, 40, 20] {
        let folder = Folder::with_csv(many(100));
        let Some((screen, mut pipe)) = slow_load(&folder, columns, "--limit 0") else {
            return;
        };
        for id in 3..20 {
            let lines = screen.wait_for("total");
            let names: Vec<_> = lines
                .iter()
                .filter_map(|line| line.split_whitespace().next())
                .collect();
            assert_eq!(
                names,
                ["users", "products", "orders", "total"],
                "{lines:#?}"
            );
            writeln!(pipe, "{id},User,u@b.co").unwrap();
        }
        drop(pipe);
        screen.end(0);
    }
}

#[test]
fn progress_disappears_at_the_end() {
    let folder = Folder::with_csv(many(100));
    let Some((screen, pipe)) = slow_load(&folder, 80, "") else {
        return;
    };
    screen.wait_for("waits for users");
    drop(pipe);
    let lines = screen.end(0);
    assert_eq!(lines[0], "=== INSERTED DATA ===");
    let left: Vec<_> = lines.iter().filter(|line| is_progress(line)).collect();
    assert!(left.is_empty(), "{left:#?}");
}

#[test]
fn progress_disappears_after_an_interrupt() {
    let folder = Folder::with_csv(many(100));
    let Some((screen, mut pipe)) = slow_load(&folder, 80, "") else {
        return;
    };
    screen.wait_for("waits for users");
    screen.press("C-c");
    // The signal does not interrupt a blocked read, so give it something to read until the load stops reading.
    while pipe.write_all(b"3,User,u@b.co\n").is_ok() {}
    drop(pipe);
    let lines = screen.end(130);
    let left: Vec<_> = lines.iter().filter(|line| is_progress(line)).collect();
    assert!(left.is_empty(), "{left:#?}");
    assert_eq!(lines[0], "=== INSERTED DATA ===");
}

#[test]
fn progress_does_not_pile_up_in_a_terminal_of_a_few_rows() {
    for rows in 2..6 {
        let folder = Folder::with_csv(many(100));
        let Some((screen, pipe)) = slow_load_sized(&folder, 80, rows, "--limit 0") else {
            return;
        };
        screen.wait_for("rows/s");
        // Time for several redraws.
        std::thread::sleep(std::time::Duration::from_secs(1));
        let lines = screen.lines();
        assert!(lines.len() <= rows as usize, "{rows} rows: {lines:#?}");
        drop(pipe);
        let lines = screen.end(0);
        let left: Vec<_> = lines.iter().filter(|line| is_progress(line)).collect();
        assert!(left.is_empty(), "{rows} rows: {left:#?}");
    }
}

#[test]
fn a_piped_load_shows_no_progress() {
    let folder = Folder::with_csv(many(100));
    let Some((screen, pipe)) = slow_load(&folder, 80, "2>messages") else {
        return;
    };
    // A second after the products were stored, progress would have been shown.
    while folder.rows("products").len() < 100 {
        std::thread::yield_now();
    }
    std::thread::sleep(std::time::Duration::from_secs(1));
    drop(pipe);
    screen.end(0);
    let messages = std::fs::read_to_string(folder.outside().join("messages")).unwrap();
    assert_eq!(messages, "");
}

#[test]
fn a_dumb_terminal_or_a_quiet_load_shows_no_progress() {
    for command in [
        "TERM=dumb tradexa insert --from input",
        "tradexa insert --from input --quiet",
    ] {
        let folder = Folder::with_csv(many(100));
        let pipe = pipe(&folder, "users");
        let Some(screen) = Screen::start(&folder, 80, command) else {
            return;
        };
        let mut pipe = OpenOptions::new().write(true).open(&pipe).unwrap();
        pipe.write_all(CLEAN[0].as_bytes()).unwrap();
        while folder.rows("products").len() < 100 {
            std::thread::yield_now();
        }
        std::thread::sleep(std::time::Duration::from_secs(1));
        let lines = screen.lines();
        assert!(lines.iter().all(|line| line.is_empty()), "{lines:#?}");
        drop(pipe);
        screen.end(0);
    }
}

/// What a finished command has printed, with its colours.
fn shown(folder: &Folder, command: &str, status: i32) -> Option<String> {
    let screen = Screen::start(folder, 80, command)?;
    screen.end(status);
    Some(screen.colored())
}

#[test]
fn a_terminal_has_colours() {
    for command in ["tradexa insert", "NO_COLOR= tradexa insert"] {
        if let Some(shown) = shown(&Folder::initialized(), command, 0) {
            assert!(shown.contains("\u{1b}["), "{command}: {shown}");
        }
    }
}

#[test]
fn a_pipe_has_colours_where_they_are_forced() {
    let command = "CLICOLOR=0 CLICOLOR_FORCE=1 tradexa insert | cat";
    if let Some(shown) = shown(&Folder::initialized(), command, 0) {
        assert!(shown.contains("\u{1b}["), "{shown}");
    }
}

#[test]
fn there_are_no_colours_in_a_pipe_a_dumb_terminal_or_with_no_color() {
    for command in [
        "NO_COLOR=1 tradexa insert",
        "NO_COLOR=1 CLICOLOR_FORCE=1 tradexa insert",
        "TERM=dumb tradexa insert",
        "TERM=dumb CLICOLOR_FORCE=1 tradexa insert",
        "CLICOLOR=0 tradexa insert",
        "tradexa insert | cat",
    ] {
        if let Some(shown) = shown(&Folder::initialized(), command, 0) {
            assert!(
                shown.contains("INSERTED") && !shown.contains('\u{1b}'),
                "{shown}"
            );
        }
    }
}

/// Rows with names and emails that are wider than any terminal. Some of the rows break rules.
fn wide_rows() -> Folder {
    let wide = "wide 日本 ".repeat(20);
    Folder::with_csv([
        format!(
            "id,name,email\n1,{wide},{0}@b.co\n2,,{0}\n",
            "x".repeat(100)
        ),
        format!("id,name,price\n1,{wide},1\n9223372036854775807,{wide},-1\n"),
        "id,user_id,product_id,quantity\n1,1,1,9223372036854775807\n2,7,8,0\n".to_string(),
    ])
}

#[test]
fn a_report_with_a_timeline_fits_a_terminal_of_80_columns() {
    let narrow = Folder::with_csv(many(300));
    for (folder, options) in [(wide_rows(), ""), (narrow, "--threads 2 --limit 300")] {
        let command = format!("tradexa insert --from input --timeline {options}");
        let Some(screen) = Screen::start(&folder, 80, &command) else {
            return;
        };
        let lines = screen.end(0);
        let has = |line: &str| lines.iter().any(|found| found == line);
        assert!(
            has("USERS TABLE (Inserted)") && has("=== TIMELINE ==="),
            "{lines:#?}"
        );
        assert_eq!(wrapped(&screen, 80), [""; 0]);
    }
}

#[test]
fn tables_and_counts_fit_a_narrow_terminal() {
    let folder = wide_rows();
    let Some(screen) = Screen::start(&folder, 40, "tradexa insert --from input") else {
        return;
    };
    let lines = screen.end(0);
    assert!(
        lines
            .iter()
            .any(|line| line == "orders: 1 inserted, 1 skipped;"),
        "{lines:#?}"
    );
    // Only sentences and commands may be wrapped.
    let wrapped = wrapped(&screen, 40);
    assert!(
        wrapped.iter().all(|line| !line.contains("│")),
        "{wrapped:#?}"
    );
}

#[test]
fn messages_break_between_words() {
    let folder = Folder::with_csv([
        "id,nome,e-mail\n",
        "identity,name,price\n",
        "id,user,product\n",
    ]);
    let options = "insert --from input --rejects somewhere";
    let said = Run::of(&mut folder.tradexa(&options.split(' ').collect::<Vec<_>>())).stderr;
    for columns in [80, 40] {
        let Some(screen) = Screen::start(&folder, columns, &format!("tradexa {options}")) else {
            return;
        };
        let lines = screen.end(1);
        assert!(lines.len() > said.lines().count(), "{lines:#?}");
        assert_eq!(wrapped(&screen, columns as usize), [""; 0]);
        assert_eq!(
            lines.join(" ").split_whitespace().collect::<Vec<_>>(),
            said.split_whitespace().collect::<Vec<_>>()
        );
    }
}

#[test]
fn violations_fit_the_terminal() {
    let folder = wide_rows();
    let email = "wide ".repeat(100);
    folder.execute(
        "users",
        &format!("INSERT INTO users VALUES (1, ' ', '{email}')"),
    );
    for columns in [80, 40] {
        let Some(screen) = Screen::start(&folder, columns, "tradexa check") else {
            return;
        };
        let lines = screen.end(1);
        assert!(lines.iter().any(|line| line.starts_with("│")), "{lines:#?}");
        let wrapped = wrapped(&screen, columns as usize);
        assert!(
            wrapped.iter().all(|line| !line.contains("│")),
            "{wrapped:#?}"
        );
    }
}

#[test]
fn progress_of_a_long_check_disappears_at_the_end() {
    let folder = Folder::with_csv(many(12_000));
    folder.load(&[]).succeeded();
    let options = "-f -o /dev/null -e trace=pread64";
    let Some(_) = strace(&options.split(' ').collect::<Vec<_>>()) else {
        return;
    };
    let command = format!("strace {options} -e inject=pread64:delay_enter=50000 tradexa check");
    let Some(screen) = Screen::start(&folder, 80, &command) else {
        return;
    };
    screen.wait_for("total");
    let lines = screen.end(0).join("\n");
    assert!(
        lines.starts_with("All stored rows follow the rules"),
        "{lines}"
    );
    assert!(!lines.contains("total"), "{lines}");
}
