//! README.md lists every option of the bot, and no other.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::process::Command;

const README: &str = include_str!("../../../README.md");

/// The names behind `[env: ` in the help of the built program.
fn offered() -> BTreeSet<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_pedro-twitch")).arg("--help").env_clear().output().unwrap();
    assert!(output.status.success(), "--help works without any variable: {output:?}");
    let help = String::from_utf8(output.stdout).unwrap();
    help.split("[env: ").skip(1).map(|rest| rest.split(['=', ']']).next().unwrap().to_owned()).collect()
}

/// The names that begin the rows of the table under "Configuration".
fn documented() -> Vec<String> {
    let section = README.split("\n## Configuration\n").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    rows.map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn the_table_of_options_and_the_help_name_the_same() {
    let (offered, rows) = (offered(), documented());
    let documented: BTreeSet<String> = rows.iter().cloned().collect();
    assert!(!offered.is_empty(), "the help names variables");
    let missing: Vec<_> = offered.difference(&documented).collect();
    let unknown: Vec<_> = documented.difference(&offered).collect();
    assert!(missing.is_empty(), "README.md, section Configuration, has no row for {missing:?}");
    assert!(unknown.is_empty(), "README.md, section Configuration, has rows for what is no option: {unknown:?}");
    assert_eq!(rows.len(), documented.len(), "README.md lists an option twice");
}
