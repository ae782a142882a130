//! README.md lists every option of a bot, and no other.

use std::collections::BTreeSet;
use std::process::Command;

const README: &str = include_str!("../../../../README.md");

/// The names behind `[env: ` in the help of a built program.
fn offered(program: &str) -> BTreeSet<String> {
    let output = Command::new(program).arg("--help").env_clear().output().unwrap();
    assert!(output.status.success(), "--help works without any variable: {output:?}");
    let help = String::from_utf8(output.stdout).unwrap();
    help.split("[env: ").skip(1).map(|rest| rest.split(['=', ']']).next().unwrap().to_owned()).collect()
}

/// The names that begin the rows of the table under "Configuration", but for those of another platform.
fn documented(but: &str) -> Vec<String> {
    let section = README.split("\n## Configuration\n").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let groups = section.split("\n| **").filter(|group| !group.starts_with(but));
    let rows = groups.flat_map(str::lines).filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    rows.map(|(name, _)| name.to_owned()).collect()
}

/// Compares the table with what a program offers; `but` is the platform of the other bot.
pub(crate) fn compare(program: &str, but: &str) {
    let (offered, rows) = (offered(program), documented(but));
    let documented: BTreeSet<String> = rows.iter().cloned().collect();
    assert!(!offered.is_empty(), "the help names variables");
    let missing: Vec<_> = offered.difference(&documented).collect();
    let unknown: Vec<_> = documented.difference(&offered).collect();
    assert!(missing.is_empty(), "README.md, section Configuration, has no row for {missing:?}");
    assert!(unknown.is_empty(), "README.md, section Configuration, has rows for what is no option: {unknown:?}");
    assert_eq!(rows.len(), documented.len(), "README.md lists an option twice");
}
