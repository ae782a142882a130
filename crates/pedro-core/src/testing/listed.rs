//! Whether the documents list the options that a bot has.

use std::collections::BTreeSet;
use std::io;
use std::process::Command;

/// What README.md (`readme`) and the example of the environment (`example`) list otherwise than a bot's help, in sentences.
/// `but`: the platform of the other bot, whose options are in both, too.
///
/// # Errors
/// If the program at `program` cannot be started, or does not say its help without any variable.
pub fn listed_otherwise(program: &str, but: &str, readme: &str, example: &str) -> io::Result<Vec<String>> {
    let offered = offered(program)?;
    let mut complaints = Vec::new();
    if offered.is_empty() {
        complaints.push("the help names no variable".to_owned());
    }
    for (place, names) in [
        ("README.md, section Configuration,", documented(readme, but)),
        ("deployment/prod.env.example", exemplified(example, but)),
    ] {
        let listed: BTreeSet<String> = names.iter().cloned().collect();
        let missing = offered.difference(&listed).map(|name| format!("{place} does not list {name}"));
        let unknown = listed.difference(&offered).map(|name| format!("{place} lists what is no option: {name}"));
        complaints.extend(missing.chain(unknown));
        if names.len() != listed.len() {
            complaints.push(format!("{place} lists an option twice"));
        }
    }
    Ok(complaints)
}

/// The names behind `[env: ` in the help of a built program.
fn offered(program: &str) -> io::Result<BTreeSet<String>> {
    let output = Command::new(program).arg("--help").env_clear().output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("--help wants a variable: {output:?}")));
    }
    let help = String::from_utf8_lossy(&output.stdout);
    Ok(help.split("[env: ").skip(1).filter_map(|rest| rest.split(['=', ']']).next()).map(str::to_owned).collect())
}

/// The names that begin the rows of the table under "Configuration", but for those of another platform.
fn documented(readme: &str, but: &str) -> Vec<String> {
    let section = readme.split("\n## Configuration\n").nth(1).and_then(|rest| rest.split("\n## ").next());
    let groups = section.unwrap_or_default().split("\n| **").filter(|group| !group.starts_with(but));
    let rows = groups.flat_map(str::lines).filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    rows.map(|(name, _)| name.to_owned()).collect()
}

/// The names in the example of the environment, set or not, but for those of another platform.
fn exemplified(example: &str, but: &str) -> Vec<String> {
    let groups = example.split("\n# --- ").filter(|group| !group.starts_with(but));
    let names = groups.flat_map(str::lines).filter_map(|line| line.trim_start_matches('#').split_once('='));
    let is_name =
        |name: &&str| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    names.map(|(name, _)| name).filter(is_name).map(str::to_owned).collect()
}
