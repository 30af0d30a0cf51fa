//! Being asked to stop: Ctrl-C and SIGTERM; on Windows Ctrl-C and Ctrl-Break. Or a limit of the run itself.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// Whether the run was asked to stop. Until this is armed, signals have their default effect. After that, the first one
/// only sets the flag, and the second ends the process at once. A signal that was ignored when the process started, as
/// in a background job of a script, stays ignored.
#[derive(Debug, Default)]
pub struct Interrupt {
    armed: OnceLock<()>,
    set: Arc<AtomicBool>,
    signalled: Arc<AtomicBool>,
    status: Arc<AtomicUsize>,
}

impl Interrupt {
    /// From now on, the first signal asks the run to stop. Where the system does not allow that, signals still end the
    /// process, which leaves nothing behind that the next run cannot deal with.
    pub fn arm(&self) {
        self.armed.get_or_init(|| _ = self.listen());
    }

    /// Asks the run to stop, as a signal does. Returns whether nothing had asked it before.
    pub fn stop(&self) -> bool {
        !self.set.swap(true, Ordering::Relaxed)
    }

    /// Whether the run was asked to stop.
    pub fn is_set(&self) -> bool {
        self.set.load(Ordering::Relaxed)
    }

    /// What is set once the run was asked to stop.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.set)
    }

    /// The exit status that says which signal it was, as shells do: 128 and its number. `None` if there was none.
    pub fn status(&self) -> Option<u8> {
        let status = self.status.load(Ordering::Relaxed) as u8;
        Some(status).filter(|status| *status > 0)
    }

    #[cfg(unix)]
    fn listen(&self) -> io::Result<()> {
        use signal_hook::consts::{SIGINT, SIGTERM};
        use signal_hook::flag;

        let ignored = ignored_signals();
        let is_heeded = |signal: &i32| ignored & 1 << (signal - 1) == 0;
        for signal in [SIGINT, SIGTERM].into_iter().filter(is_heeded) {
            // In this order: the first signal finds it unset.
            flag::register_conditional_default(signal, Arc::clone(&self.signalled))?;
            flag::register_usize(signal, Arc::clone(&self.status), 128 + signal as usize)?;
            flag::register(signal, Arc::clone(&self.signalled))?;
            flag::register(signal, self.flag())?;
        }
        Ok(())
    }

    #[cfg(windows)]
    fn listen(&self) -> io::Result<()> {
        /// What shells say of a process that Ctrl-C ended.
        const STATUS: usize = 130;

        let (set, status) = (self.flag(), Arc::clone(&self.status));
        let signalled = Arc::clone(&self.signalled);
        let handler = move || {
            if signalled.swap(true, Ordering::SeqCst) {
                std::process::exit(STATUS as i32);
            }
            // The status is stored first, so that it is there for any thread that sees the flag set.
            status.store(STATUS, Ordering::Relaxed);
            set.store(true, Ordering::SeqCst);
        };
        ctrlc::set_handler(handler).map_err(io::Error::other)
    }
}

/// The signals that the process ignores, as one bit each from signal 1 on; none where the system does not say. Only
/// Linux says it in a file: asking with `sigaction` is `unsafe` in all crates that have it.
#[cfg(unix)]
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut masks = status
        .lines()
        .filter_map(|line| line.strip_prefix("SigIgn:"));
    let mask = masks.next().unwrap_or_default();
    u64::from_str_radix(mask.trim(), 16).unwrap_or_default()
}
