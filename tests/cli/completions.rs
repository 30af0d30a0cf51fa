//! Completions in real shells, and the manual page.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::kit::{Folder, Run, Screen, TRADEXA, bounded, skipped, text};

/// A shell in a terminal, ready to be typed into, with the completions set up as its users do. It finds the program on
/// its `PATH`, a folder `folder` and a file `folio.txt`. `None` where there is no such shell.
fn shell(name: &str, set_up: &str, start: &str) -> Option<(Folder, Screen)> {
    if Command::new(name).arg("--version").output().is_err() {
        skipped(&format!("there is no {name} here"));
        return None;
    }
    let folder = Folder::new();
    fs::create_dir(folder.outside().join("folder")).unwrap();
    fs::write(folder.outside().join("folio.txt"), "").unwrap();
    let script = folder.tradexa(&["completions", name]).assert().success();
    let script = &script.get_output().stdout;
    fs::write(folder.outside().join("_completions"), script).unwrap();
    let programs = Path::new(TRADEXA).parent().unwrap().display();
    let set_up = format!("PATH={programs}:$PATH\n{set_up}\n");
    // Where zsh looks for it.
    fs::write(folder.outside().join(".zshrc"), set_up).unwrap();
    let screen = Screen::start(&folder, 80, &format!("HOME=$PWD ZDOTDIR=$PWD {start}"))?;
    screen.wait_for("ready>");
    Some((folder, screen))
}

/// Types an abbreviated command, with a tab after each piece, and waits for what it is completed to.
#[track_caller]
fn assert_completes(screen: &Screen) {
    screen.press("tradexa ins");
    screen.press("Tab");
    screen.wait_for("ready> tradexa insert");
    screen.press("--rej");
    screen.press("Tab");
    screen.wait_for("ready> tradexa insert --rejects");
    screen.press(" fol");
    screen.press("Tab");
    // If files were values too, it would not be completed.
    screen.press("here --file users=fol");
    screen.press("Tab");
    screen.press("i");
    screen.press("Tab");
    screen.wait_for("folder/here --file users=folio.txt");
    screen.press("C-u");
    screen.press("tradexa completions z");
    screen.press("Tab");
    screen.wait_for("ready> tradexa completions zsh");
}

#[test]
fn bash_completes_commands_options_and_paths() {
    let set_up = "PS1='ready> '; . ./_completions";
    if let Some((_folder, screen)) = shell("bash", set_up, "bash --rcfile .zshrc -i") {
        assert_completes(&screen);
    }
}

#[test]
fn zsh_completes_commands_options_and_paths() {
    let set_up = "PROMPT='ready> '; mkdir functions; cp _completions functions/_tradexa
        fpath=($PWD/functions $fpath); autoload -U compinit; compinit -u";
    if let Some((_folder, screen)) = shell("zsh", set_up, "zsh -i") {
        assert_completes(&screen);
    }
}

#[test]
fn fish_completes_commands_options_and_paths() {
    let programs = Path::new(TRADEXA).parent().unwrap().display();
    let start = format!(
        "PATH={programs}:$PATH fish --no-config -C \
         \"function fish_prompt; echo 'ready> '; end; source _completions\""
    );
    if let Some((_folder, screen)) = shell("fish", "", &start) {
        assert_completes(&screen);
    }
}

#[test]
fn there_are_completions_for_powershell_and_elvish_too() {
    for shell in ["powershell", "elvish"] {
        let script = Folder::new()
            .tradexa(&["completions", shell])
            .assert()
            .success();
        assert!(
            text(&script.get_output().stdout).contains("--rejects"),
            "{shell}"
        );
    }
}

#[test]
fn an_unknown_shell_is_wrong_usage() {
    let run = Run::of(&mut Folder::new().tradexa(&["completions", "tcsh"]));
    assert_eq!(run.status, Some(2));
    assert!(run.stderr.contains("bash"), "{}", run.stderr);
}

#[test]
fn man_reads_the_manual_page_without_a_warning() {
    let page = Folder::new().tradexa(&["man"]).assert().success();
    let mut man = Command::new("man");
    man.args(["--warnings", "-l", "-"])
        .env("MANWIDTH", "80")
        .env("LC_ALL", "C.UTF-8");
    if Command::new("man").arg("--version").output().is_err() {
        return skipped("there is no man here");
    }
    let run = Run::of(bounded(man).write_stdin(page.get_output().stdout.clone()));
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    for part in ["TRADEXA INSERT", "--ignore-extra-columns", "Exit status:"] {
        assert!(run.stdout.contains(part), "{part} is not in {}", run.stdout);
    }
}
