//! The optional YAML file that lists the communities, and the APIs that plans may ask.
//!
//! What cannot be read as YAML of this shape (an unknown key, a list where a text belongs) is told with its line, and
//! nothing after it is looked at. Everything else that is wrong is collected, like wrong variables are.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use chrono_tz::Tz;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::api_tool::{ApiToolReader, ApiToolSettings, Environment, RawApiTool};
use super::community::{Community, CommunityFile};
use super::community_reader::CommunityReader;
use super::problems::ConfigProblems;

const FILE: (&str, &str) =
    ("a YAML file with a list named communities", "communities: [{name: soypetetech, twitch: [soypetetech]}]");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    communities: Option<Vec<RawCommunity>>,
    #[serde(default)]
    api_tools: Vec<RawApiTool>,
}

/// What the file says.
#[derive(Debug, Default)]
pub(super) struct ConfigFile {
    /// `None` if it is only about something else.
    pub(super) communities: Option<CommunityFile>,
    pub(super) api_tools: Vec<ApiToolSettings>,
}

/// As written. `Spanned` where a value of the right kind can still be wrong, to tell its line.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCommunity {
    pub(super) name: Spanned<String>,
    pub(super) time_zone: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) twitch: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) discord: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) nicknames: Vec<String>,
    pub(super) relay_user_id: Option<String>,
    #[serde(default)]
    pub(super) other_bots: Vec<String>,
    pub(super) prefix: Option<String>,
    #[serde(default)]
    pub(super) commands: BTreeMap<String, Spanned<String>>,
    pub(super) links_allowed: Option<bool>,
    pub(super) persona: Option<Spanned<String>>,
    pub(super) trained_prompts: Option<Spanned<String>>,
    pub(super) chattiness: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) deny: Vec<String>,
    pub(super) plan_tags: Option<Vec<String>>,
    pub(super) recap_channel: Option<Spanned<String>>,
    pub(super) recap_after: Option<Spanned<String>>,
    pub(super) retention_days: Option<Spanned<i64>>,
}

/// What the file says; `None` if it cannot be read, which then is among the problems.
pub(super) fn read(path: &Path, time_zone: Tz, problems: &mut ConfigProblems) -> Option<ConfigFile> {
    match fs::read_to_string(path) {
        Ok(yaml) => parse(&yaml, path, time_zone, |name| std::env::var(name).ok(), problems),
        Err(reason) => {
            let wrong = format!("names {path:?}, which cannot be read ({reason})");
            problems.add("PEDRO_CONFIG", wrong, "the path of a YAML file", "/opt/pedro/pedro.yaml");
            None
        }
    }
}

/// The same of a text.
pub(super) fn parse(
    yaml: &str,
    path: &Path,
    time_zone: Tz,
    environment: Environment,
    problems: &mut ConfigProblems,
) -> Option<ConfigFile> {
    let raw: RawFile = match serde_saphyr::from_str(yaml) {
        Ok(raw) => raw,
        Err(reason) => {
            let line = reason.location().map_or(String::new(), |location| format!(":{}", location.line()));
            // On one line, like every other problem.
            let reason = reason.without_snippet().to_string().split_whitespace().collect::<Vec<_>>().join(" ");
            problems.add(format!("PEDRO_CONFIG {}{line}", path.display()), reason, FILE.0, FILE.1);
            return None;
        }
    };
    let only_apis = raw.communities.is_none() && !raw.api_tools.is_empty();
    let communities = match raw.communities {
        _ if only_apis => None,
        communities => Some(read_communities(communities.unwrap_or_default(), path, time_zone, problems)?),
    };
    let mut reader = ApiToolReader::new(path, environment, problems);
    let api_tools = raw.api_tools.into_iter().enumerate().filter_map(|(index, raw)| reader.tool(index, raw)).collect();
    Some(ConfigFile { communities, api_tools })
}

fn read_communities(
    raw: Vec<RawCommunity>,
    path: &Path,
    time_zone: Tz,
    problems: &mut ConfigProblems,
) -> Option<CommunityFile> {
    let mut reader = CommunityReader::new(path, time_zone, problems);
    let mut communities: Vec<Community> =
        raw.into_iter().enumerate().map(|(index, raw)| reader.community(index, raw)).collect();
    if communities.is_empty() {
        problems.add(format!("PEDRO_CONFIG {}", path.display()), "lists no community", FILE.0, FILE.1);
        return None;
    }
    let first = communities.remove(0);
    Some(CommunityFile::new(first, communities))
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::super::community::Persona;
    use super::*;
    use crate::chat::Chattiness;

    fn read_text(yaml: &str) -> Result<CommunityFile, String> {
        let mut problems = ConfigProblems::default();
        let file = parse(yaml, Path::new("pedro.yaml"), Tz::UTC, |_| None, &mut problems);
        problems.into_result(()).map_err(|problems| problems.to_string())?;
        file.and_then(|file| file.communities).ok_or_else(|| "nothing read and nothing told".to_owned())
    }

    #[test]
    fn everything_that_can_be_said_of_a_community_is_read() {
        let yaml = r##"
communities:
  - name: soypetetech
    time_zone: America/Denver
    twitch: ["#SoyPeteTech", soypete_two]
    discord: [112233445566778899, "998877665544332211"]
    nicknames: [pete bot, ""]
    relay_user_id: 491234
    other_bots: [MyBot]
    prefix: "?"
    commands: {links: urls, title: ""}
    links_allowed: false
    persona: soypetetech
    chattiness: named
    deny: [" slur "]
    recap_channel: 334455667788990011
    recap_after: 15m
    retention_days: 365
  - name: other
"##;
        let file = read_text(yaml).unwrap();
        let [first, second] = &file.iter().collect::<Vec<_>>()[..] else { panic!("two communities") };
        assert_eq!((first.name.as_str(), first.time_zone), ("soypetetech", Tz::America__Denver));
        assert_eq!(first.twitch, ["soypetetech", "soypete_two"]);
        assert_eq!(first.discord, [112_233_445_566_778_899, 998_877_665_544_332_211]);
        assert_eq!(
            (first.nicknames.clone(), first.deny.clone()),
            (vec!["pete bot".to_owned()], vec!["slur".to_owned()])
        );
        assert_eq!(first.relay_user_id.as_deref(), Some("491234"));
        assert_eq!(first.prefix.as_deref(), Some("?"));
        assert_eq!((first.commands["links"].as_str(), first.commands["title"].as_str()), ("urls", ""));
        assert!(first.other_bots.contains(&"mybot".to_owned()) && first.other_bots.contains(&"nightbot".to_owned()));
        assert!(!first.links_allowed);
        assert_eq!((first.persona.clone(), first.chattiness), (Some(Persona::SoyPeteTech), Chattiness::Named));
        assert_eq!((first.recap_channel, first.recap_after.as_secs()), (Some(334_455_667_788_990_011), 900));
        assert_eq!(first.retention_days, Some(365));
        assert_eq!(**second, Community::new("other", Tz::UTC));
        assert_eq!(file.community_of_twitch("soypete_two").name, "soypetetech");
    }

    #[test]
    fn every_wrong_value_is_told_with_file_line_and_key() {
        let yaml = "communities:
  - name: one
    time_zone: Utah
    twitch: [ada, not a login]
    discord: [guild]
    persona: nowhere.md
    chattiness: loud
    retention_days: -1
    recap_after: 2h
  - name: One
    twitch: [Ada]
";
        let told = read_text(yaml).unwrap_err();
        let expected = [
            "pedro.yaml:3 communities[0].time_zone: \"Utah\" is no time zone",
            "pedro.yaml:4 communities[0].twitch: \"not a login\" is no Twitch login",
            "pedro.yaml:5 communities[0].discord: \"guild\" is no id of a guild",
            "pedro.yaml:6 communities[0].persona: \"nowhere.md\" cannot be read",
            "pedro.yaml:7 communities[0].chattiness: \"loud\" is no chattiness",
            "pedro.yaml:8 communities[0].retention_days: -1 is no number of days",
            "pedro.yaml:9 communities[0].recap_after: \"2h\" is longer than an hour",
            "pedro.yaml:10 communities[1].name: \"One\" is the name of two communities",
            "pedro.yaml:11 communities[1].twitch: \"ada\" is listed twice",
        ];
        for line in expected {
            assert!(told.contains(line), "{line}\nis not in\n{told}");
        }
        assert_eq!(told.lines().count(), expected.len() + 1);
    }

    #[test]
    fn what_has_another_shape_is_told_with_its_line_and_on_one_line() {
        let cases = [
            ("communities:\n  - name: one\n    colour: red\n", "pedro.yaml:3: ", "colour"),
            ("communities:\n  - name: one\nother: 1\n", "pedro.yaml:3: ", "other"),
            ("communities:\n  - twitch: [ada]\n", "pedro.yaml", "name"),
            ("communities:\n  - name: one\n    links_allowed: maybe\n", "pedro.yaml:3: ", "bool"),
            ("communities: [\n", "pedro.yaml", ""),
            ("communities: []\n", "pedro.yaml: ", "lists no community"),
            ("", "pedro.yaml", ""),
        ];
        for (yaml, place, word) in cases {
            let told = read_text(yaml).unwrap_err();
            assert!(told.contains(&format!("PEDRO_CONFIG {place}")) && told.contains(word), "{yaml}\n{told}");
            assert_eq!(told.lines().count(), 2, "{told}");
        }
    }

    #[test]
    fn a_file_of_variables_named_by_mistake_does_not_show_its_secrets() {
        for text in
            ["TWITCH_TOKEN=hunter2\n", "TWITCH_TOKEN=hunter2\nTWITCH_ID=x\n", "TWITCH_TOKEN: hunter2\n", "hunter2"]
        {
            let told = read_text(text).unwrap_err();
            assert!(!told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn a_missing_file_is_told() {
        let mut problems = ConfigProblems::default();
        assert!(read(Path::new("/no/such/pedro.yaml"), Tz::UTC, &mut problems).is_none());
        assert!(problems.found()[0].wrong.contains("/no/such/pedro.yaml"));
    }

    #[test]
    fn a_persona_lies_beside_the_file_that_names_it() {
        let dir = std::env::temp_dir().join(format!("pedro-persona-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("persona.md"), "Be kind.").unwrap();
        fs::write(dir.join("pedro.yaml"), "communities: [{name: one, persona: persona.md}]").unwrap();
        let mut problems = ConfigProblems::default();
        let file = read(&dir.join("pedro.yaml"), Tz::UTC, &mut problems).unwrap().communities.unwrap();
        fs::remove_dir_all(&dir).unwrap();
        assert_eq!(file.community_of_twitch("x").persona, Some(Persona::Text("Be kind.".to_owned())));
    }
}
