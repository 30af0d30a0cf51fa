//! The outcomes of rows: which are stored and which are rejected, alongside other processes, and in databases that
//! already hold something.

#[path = "../kit/mod.rs"]
mod kit;

#[cfg(unix)] // A shell.
mod advised;
mod applications;
mod at_once;
#[cfg(unix)] // Links, and `ulimit`.
mod cut_short;
#[cfg(target_os = "linux")] // `strace` tells how often a file is used.
mod damaged;
mod dialects;
#[cfg(unix)] // Pipes that have names.
mod disturbances;
mod dry_run;
mod exports;
mod files;
#[cfg(unix)] // Signals, and pipes that have names.
mod interrupts;
mod kills;
#[cfg(target_os = "linux")] // `setpriv`, and limits as Linux has them.
mod limits;
mod locks;
mod max_rejects;
#[cfg(target_os = "linux")] // /proc tells how much memory a process had.
mod memory;
#[cfg(unix)] // A shell.
mod programs;
#[cfg(unix)] // Permissions are set and given up as Unix has them.
mod read_only;
mod rejects;
mod rows;
mod sizes;
mod sources;
mod stored_before;
#[cfg(target_os = "linux")] // `strace` tells what the kernel saw.
mod threads;
mod timeline;
mod trace;
mod updates;
