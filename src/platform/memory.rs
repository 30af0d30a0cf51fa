//! How the allocator of the C library uses address space.

/// Makes sure that a limit on address space (`ulimit -v`) is enough for many threads.
///
/// glibc reserves 64 MiB for each of up to eight arenas per core, and allocations of threads that cannot get one fail
/// (<https://sourceware.org/glibc/manual/latest/html_node/Memory-Allocation-Tunables.html>). It reads the number of
/// arenas from the environment when the process starts, so where there is a limit, the process starts over with two. If
/// that fails, it goes on as it is.
pub fn fit_address_space() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    if std::env::var_os(ARENAS).is_none() && is_limited() {
        use std::os::unix::process::CommandExt;

        let mut arguments = std::env::args_os();
        let mut again = std::process::Command::new("/proc/self/exe");
        if let Some(name) = arguments.next() {
            again.arg0(name);
        }
        let _ = again.args(arguments).env(ARENAS, "2").exec();
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
const ARENAS: &str = "MALLOC_ARENA_MAX";

/// Whether there is a limit on address space.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn is_limited() -> bool {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let mut lines = limits.lines();
    let limit = lines.find_map(|line| line.strip_prefix("Max address space"));
    limit.is_some_and(|limit| !limit.trim_start().starts_with("unlimited"))
}
