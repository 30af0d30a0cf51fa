//! `tradexa man`

use std::io;
use std::process::ExitCode;

use anyhow::Result;
use clap::CommandFactory;
use clap_mangen::Man;

use super::print;
use crate::cli::Cli;

/// Prints the manual page, with a section for each command.
///
/// # Errors
///
/// If it could not be printed.
pub fn man() -> Result<ExitCode> {
    let mut cli = Cli::command().disable_help_subcommand(true);
    cli.build();
    print(|out| {
        let page = Man::new(cli.clone()).manual("tradexa");
        page.render_title(out)?;
        // No hyphens, which would break options, and no justified text.
        writeln!(out, ".nh\n.ad l")?;
        page.render_name_section(out)?;
        page.render_synopsis_section(out)?;
        page.render_options_section(out)?;
        write!(out, "{}", verbatim_sections(&page)?)?;
        for command in cli.get_subcommands() {
            write!(out, "{}", section(command)?)?;
        }
        Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The section of a command. The options of all commands are described once, in front of it.
fn section(command: &clap::Command) -> io::Result<String> {
    let command = command.clone().mut_args(|option| {
        let is_described = option.is_global_set() || option.get_id() == "help";
        option.hide(is_described)
    });
    let name = command.get_bin_name().unwrap_or_default().to_uppercase();
    let has_options = command.get_arguments().any(|option| !option.is_hide_set());
    let page = Man::new(command);
    let text = without_headings(|text| {
        page.render_synopsis_section(text)?;
        page.render_description_section(text)?;
        if has_options {
            page.render_options_section(text)?;
        }
        Ok(())
    })?;
    Ok(format!(".SH {name}\n{text}{}", verbatim_sections(&page)?))
}

/// The examples and other text after the options, with line breaks preserved.
fn verbatim_sections(page: &Man) -> io::Result<String> {
    let text = without_headings(|text| page.render_extra_section(text))?;
    Ok(format!(".nf\n{text}.fi\n"))
}

/// What is written to a page, with a paragraph in place of each section.
fn without_headings(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> io::Result<String> {
    let mut page = Vec::new();
    write(&mut page)?;
    let page = String::from_utf8_lossy(&page);
    let lines = page.lines().map(|line| match line.strip_prefix(".SH ") {
        Some(_) => ".PP\n".to_string(),
        None => format!("{line}\n"),
    });
    Ok(lines.collect())
}
