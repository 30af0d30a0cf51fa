//! What is left when a call fails, the process is killed or the power is cut, at every point of a run: a library that
//! is preloaded into the program sees its calls. Linux only.

#![cfg(target_os = "linux")]

#[path = "../kit/crash/mod.rs"]
mod crash;
#[path = "../kit/mod.rs"]
mod kit;

mod controls;
mod faults;
mod interrupts;
mod kills;
mod power_cuts;
mod power_cuts_of_init;
mod two_loads;
mod unsynced_rows;
mod updates;
