//! The program in a real terminal, which tmux provides.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{Folder, TRADEXA, skipped, text};

/// How long to wait for something to be shown before the test fails.
const PATIENCE: Duration = Duration::from_secs(120);

/// How many terminals have been started: a server that is ending must not be taken for one that is starting.
static STARTED: AtomicUsize = AtomicUsize::new(0);

/// A terminal that runs one command.
pub struct Screen {
    /// Where the tmux server of this terminal listens.
    socket: PathBuf,
}

impl Screen {
    /// A terminal of this many columns and 24 rows, in which a shell runs a command on this folder: in it, `tradexa` is
    /// the program on the folder. `None` where there is no tmux.
    pub fn start(folder: &Folder, columns: u32, command: &str) -> Option<Screen> {
        Screen::start_sized(folder, columns, 24, command)
    }

    /// The same with this many rows.
    pub fn start_sized(folder: &Folder, columns: u32, rows: u32, command: &str) -> Option<Screen> {
        if !Command::new("tmux")
            .arg("-V")
            .output()
            .is_ok_and(|it| it.status.success())
        {
            skipped("there is no tmux here");
            return None;
        }
        let socket = folder
            .outside()
            .join(format!("tmux-{}", STARTED.fetch_add(1, Ordering::Relaxed)));
        let options = folder.outside().join("tmux.conf");
        // What was scrolled out of sight is kept, and nothing else is shown in the terminal.
        fs::write(&options, "set -g history-limit 100000\nset -g status off\n").unwrap();
        let command = command.replace("tradexa", &format!("{TRADEXA} --dir databases"));
        let (columns, rows) = (columns.to_string(), rows.to_string());
        let mut tmux = Command::new("tmux");
        tmux.current_dir(folder.outside());
        for variable in [
            "TMUX",
            "NO_COLOR",
            "CLICOLOR",
            "CLICOLOR_FORCE",
            "TRADEXA_DIR",
        ] {
            tmux.env_remove(variable);
        }
        tmux.arg("-S").arg(&socket).arg("-f").arg(&options);
        tmux.args(["new-session", "-d", "-x", &columns, "-y", &rows, "sh", "-c"]);
        // The shell stays, and with it what is shown, also after Ctrl-C.
        tmux.arg(format!(
            "trap : INT; {command}; echo \"<exit $?>\"; exec sleep 1000"
        ));
        let started = tmux
            .env("LC_ALL", "C.UTF-8")
            .env("SHELL", "/bin/sh")
            .output()
            .unwrap();
        assert!(started.status.success(), "{}", text(&started.stderr));
        Some(Screen { socket })
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let mut tmux = Command::new("tmux");
        tmux.arg("-u").arg("-S").arg(&self.socket).args(arguments);
        let output = tmux.output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    }

    /// All that was shown and not erased, in the lines of the terminal.
    pub fn lines(&self) -> Vec<String> {
        self.captured(&[])
    }

    /// The same with the escape sequences of colours.
    pub fn colored(&self) -> String {
        self.captured(&["-e"]).join("\n")
    }

    /// The same, but a line that the terminal had to wrap is one line.
    pub fn unwrapped(&self) -> Vec<String> {
        self.captured(&["-J"])
    }

    fn captured(&self, options: &[&str]) -> Vec<String> {
        let all = ["capture-pane", "-p", "-S", "-"];
        let shown = self.tmux(&[&all, options].concat());
        shown
            .trim_end()
            .lines()
            .map(|line| line.trim_end().to_string())
            .collect()
    }

    /// Waits until a line is shown that has this in it, and returns all lines.
    #[track_caller]
    pub fn wait_for(&self, what: &str) -> Vec<String> {
        let start = Instant::now();
        loop {
            let lines = self.lines();
            if lines.iter().any(|line| line.contains(what)) {
                return lines;
            }
            assert!(start.elapsed() < PATIENCE, "{what} is not in {lines:#?}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the command is done, and returns all lines before its exit status.
    #[track_caller]
    pub fn end(&self, status: i32) -> Vec<String> {
        let mut lines = self.wait_for("<exit ");
        assert_eq!(lines.pop(), Some(format!("<exit {status}>")), "{lines:#?}");
        lines
    }

    /// Presses a key, as tmux calls it, or types a text.
    pub fn press(&self, key: &str) {
        self.tmux(&["send-keys", "--", key]);
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let mut tmux = Command::new("tmux");
        // Its server ends by itself if this fails.
        let _ = tmux.arg("-S").arg(&self.socket).arg("kill-server").output();
    }
}
