//! README.md and deployment/prod.env.example list every option of a bot, and no other.

use std::collections::BTreeSet;
use std::process::Command;

const README: &str = include_str!("../../../../README.md");
const PROD_ENV: &str = include_str!("../../../../deployment/prod.env.example");

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

/// The names in the example of the environment, set or not, but for those of another platform.
fn exemplified(but: &str) -> Vec<String> {
    let groups = PROD_ENV.split("\n# --- ").filter(|group| !group.starts_with(but));
    let names = groups.flat_map(str::lines).filter_map(|line| line.trim_start_matches('#').split_once('='));
    let is_name =
        |name: &&str| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    names.map(|(name, _)| name).filter(is_name).map(str::to_owned).collect()
}

/// Compares the table and the example with what a program offers; `but` is the platform of the other bot.
pub(crate) fn compare(program: &str, but: &str) {
    let offered = offered(program);
    assert!(!offered.is_empty(), "the help names variables");
    for (place, names) in
        [("README.md, section Configuration,", documented(but)), ("deployment/prod.env.example", exemplified(but))]
    {
        let listed: BTreeSet<String> = names.iter().cloned().collect();
        let missing: Vec<_> = offered.difference(&listed).collect();
        let unknown: Vec<_> = listed.difference(&offered).collect();
        assert!(missing.is_empty(), "{place} does not list {missing:?}");
        assert!(unknown.is_empty(), "{place} lists what is no option: {unknown:?}");
        assert_eq!(names.len(), listed.len(), "{place} lists an option twice");
    }
}
