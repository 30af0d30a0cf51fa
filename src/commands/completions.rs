//! `tradexa completions`

use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory, ValueEnum};
use clap_complete::Shell;

use super::print;
use crate::cli::Cli;

/// Prints the script that completes the command line in a shell.
///
/// # Errors
///
/// If it could not be printed.
pub fn completions(shell: Shell) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "tradexa", &mut script);
    let script = String::from_utf8_lossy(&script);
    let script = match shell {
        // Complete a path after `TABLE=`; the other shells treat it as a separate word.
        Shell::Zsh => script.replace(
            ":TABLE=PATH:_default",
            r#":TABLE=PATH:{ compset -P "*="; _files }"#,
        ),
        // clap_complete's fish script does not complete the values of positional arguments.
        Shell::Fish => {
            let shells: Vec<_> = Shell::value_variants()
                .iter()
                .map(Shell::to_string)
                .collect();
            let shells = shells.join(" ");
            format!(
                "{script}complete -c tradexa -n \"__fish_tradexa_using_subcommand completions\" -f -a \"{shells}\"\n"
            )
        }
        _ => script.into_owned(),
    };
    print(|out| out.write_all(script.as_bytes()))?;
    Ok(ExitCode::SUCCESS)
}
