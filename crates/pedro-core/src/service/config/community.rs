//! Communities: a streamer's Twitch channels and Discord guilds, and how Pedro behaves there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono_tz::Tz;
use clap::Args;

use super::api_tool::ApiToolSettings;
use super::community_file;
use super::problems::ConfigProblems;
use super::values::{shown, text};
use crate::chat::Chattiness;
use crate::event::Events;
use crate::service::secret::Secret;
use crate::trigger::{KNOWN_BOTS, PLAN_TAGS};

const NAME: &str = "default";

/// Shorter keys can be guessed, and the hashes of user ids with them.
const SHORTEST_KEY: usize = 16;

/// An encoder that is started anew, or a line that breaks, takes minutes.
const RECAP_AFTER: Duration = Duration::from_secs(600);

const EVENTS: (&str, &str) = ("the path of a YAML file with a list named events", "/opt/pedro/events.yaml");

pub(super) const TIME_ZONE: (&str, &str) = ("a name from the IANA time zone database", "America/Denver");

/// The communities, as the operator names them.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Communities")]
pub struct CommunityArgs {
    /// YAML file that lists the communities, and the APIs that plans may ask. Unset: one community with everything default
    #[arg(long, env = "PEDRO_CONFIG")]
    pub pedro_config: Option<String>,
    /// Name of the community if there is no such file. Default: default
    #[arg(long, env = "PEDRO_COMMUNITY")]
    pub pedro_community: Option<String>,
    /// Time zone of communities that name none. Default: UTC
    #[arg(long, env = "PEDRO_TIME_ZONE")]
    pub pedro_time_zone: Option<String>,
    /// YAML file of events that Pedro knows of while they are on; read again when it changes
    #[arg(long, env = "PEDRO_EVENTS")]
    pub pedro_events: Option<String>,
    /// Key that encrypts stored tokens and hashes the ids of people who opted out
    #[arg(long, env = "PEDRO_SECRET_KEY", hide_env_values = true)]
    pub pedro_secret_key: Option<Secret>,
    /// File that holds PEDRO_SECRET_KEY
    #[arg(long, env = "PEDRO_SECRET_KEY_FILE")]
    pub pedro_secret_key_file: Option<String>,
}

/// The communities, checked.
#[derive(Debug, Clone)]
pub struct CommunitySettings {
    /// All of them.
    pub communities: CommunityFile,
    /// The APIs that the same file lists for plans.
    pub api_tools: Vec<ApiToolSettings>,
    /// What is known of events.
    pub events: Events,
    /// Encrypts stored tokens, keys the hashes of user ids.
    pub secret_key: Option<Secret>,
}

/// Who Pedro is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Persona {
    /// Shipped, for any streamer.
    Neutral,
    /// Shipped, for SoyPeteTech.
    SoyPeteTech,
    /// The operator's own text.
    Text(String),
}

/// Where the trained prompts of a community stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrainedPromptFile {
    /// Shipped, for SoyPeteTech.
    SoyPeteTech,
    /// The operator's own file; it is read again when it changes.
    File(PathBuf),
}

/// A streamer's Twitch channels and Discord guilds: one memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Community {
    /// Unique among the communities.
    pub name: String,
    /// In which "last Tuesday" is understood.
    pub time_zone: Tz,
    /// Logins of its Twitch channels, lower case.
    pub twitch: Vec<String>,
    /// Ids of its Discord guilds.
    pub discord: Vec<u64>,
    /// What Pedro is called here, besides its name.
    pub nicknames: Vec<String>,
    /// Platform user id of the account that relays lines of other platforms.
    pub relay_user_id: Option<String>,
    /// Logins of other bots, lower case: the known ones and those the operator added.
    pub other_bots: Vec<String>,
    /// What chat commands begin with; `None`: `!`.
    pub prefix: Option<String>,
    /// A chat command's own name, and the name it has here; an empty one switches it off.
    pub commands: BTreeMap<String, String>,
    /// Whether Pedro may send links on Twitch.
    pub links_allowed: bool,
    /// `None`: SoyPeteTech's in her channels, the neutral one elsewhere.
    pub persona: Option<Persona>,
    /// `None`: SoyPeteTech's in her channels, none elsewhere.
    pub trained_prompts: Option<TrainedPromptFile>,
    /// Where channels start; moderators change it at run time.
    pub chattiness: Chattiness,
    /// Terms Pedro must not say, besides the shipped ones.
    pub deny: Vec<String>,
    /// Tags in a question that ask for a plan.
    pub plan_tags: Vec<String>,
    /// The Discord channel where a recap is posted when a stream ends. `None`: none is.
    pub recap_channel: Option<u64>,
    /// How long a stream must be over before its recap is posted: one that comes back sooner is the same stream.
    pub recap_after: Duration,
    /// Days after which lines are deleted. `None`: never.
    pub retention_days: Option<u32>,
}

impl Community {
    /// A community with everything default.
    pub fn new(name: impl Into<String>, time_zone: Tz) -> Self {
        Self {
            name: name.into(),
            time_zone,
            twitch: Vec::new(),
            discord: Vec::new(),
            nicknames: Vec::new(),
            relay_user_id: None,
            other_bots: KNOWN_BOTS.map(str::to_owned).to_vec(),
            prefix: None,
            commands: BTreeMap::new(),
            links_allowed: true,
            persona: None,
            trained_prompts: None,
            chattiness: Chattiness::default(),
            deny: Vec::new(),
            plan_tags: PLAN_TAGS.map(str::to_owned).to_vec(),
            recap_channel: None,
            recap_after: RECAP_AFTER,
            retention_days: None,
        }
    }
}

/// Every community of this process; there is always a first one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommunityFile {
    first: Community,
    others: Vec<Community>,
}

impl CommunityFile {
    pub(super) fn new(first: Community, others: Vec<Community>) -> Self {
        Self { first, others }
    }

    /// All communities, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Community> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The community of a Twitch channel; one that no community names belongs to the first.
    pub fn community_of_twitch(&self, channel: &str) -> &Community {
        let login = twitch_login(channel);
        self.iter().find(|community| community.twitch.contains(&login)).unwrap_or(&self.first)
    }

    /// The community of a Discord guild. If no community lists a guild, all belong to the first; else one that none lists
    /// is a stranger's, who may have invited the bot: a community of its own.
    pub fn community_of_discord(&self, guild: u64) -> Community {
        let listed = self.iter().find(|community| community.discord.contains(&guild));
        match listed {
            Some(community) => community.clone(),
            None if self.iter().all(|community| community.discord.is_empty()) => self.first.clone(),
            None => Community::new(format!("discord {guild}"), self.first.time_zone),
        }
    }
}

/// Operators write `#SoyPeteTech`, IRC says `soypetetech`.
pub(super) fn twitch_login(channel: &str) -> String {
    channel.trim().trim_start_matches(['#', '@']).to_ascii_lowercase()
}

impl CommunityArgs {
    /// Checks the values and reads the file; what is wrong goes into `problems`.
    pub fn resolve(self, problems: &mut ConfigProblems) -> CommunitySettings {
        let time_zone = text(self.pedro_time_zone.as_ref()).map_or(Ok(Tz::UTC), parse_time_zone);
        let time_zone = problems.take("PEDRO_TIME_ZONE", time_zone, TIME_ZONE, Tz::UTC);
        let secret_key = self.secret_key(problems);
        let name = text(self.pedro_community.as_ref()).unwrap_or(NAME);
        let file = text(self.pedro_config.as_ref());
        let file = file.and_then(|path| community_file::read(Path::new(path), time_zone, problems)).unwrap_or_default();
        let communities =
            file.communities.unwrap_or_else(|| CommunityFile::new(Community::new(name, time_zone), Vec::new()));
        let events = events(text(self.pedro_events.as_ref()), &communities, problems);
        CommunitySettings { communities, api_tools: file.api_tools, events, secret_key }
    }

    fn secret_key(&self, problems: &mut ConfigProblems) -> Option<Secret> {
        let key_file = text(self.pedro_secret_key_file.as_ref());
        let key = problems.secret("PEDRO_SECRET_KEY", self.pedro_secret_key.as_ref(), key_file)?;
        if key.expose().chars().count() < SHORTEST_KEY {
            let shape = "16 characters or more that nobody can guess";
            problems.add("PEDRO_SECRET_KEY", "is too short", shape, "what `openssl rand -hex 32` prints");
        }
        Some(key)
    }
}

fn events(path: Option<&str>, communities: &CommunityFile, problems: &mut ConfigProblems) -> Events {
    let Some(path) = path else { return Events::none() };
    let zones = communities.iter().map(|community| (community.name.clone(), community.time_zone)).collect();
    let opened = Events::open(Path::new(path), zones);
    problems.take("PEDRO_EVENTS", opened, EVENTS, Events::none())
}

pub(super) fn parse_time_zone(value: &str) -> Result<Tz, String> {
    value.parse().map_err(|_| format!("{} is no time zone", shown(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_file_there_is_one_community_with_everything_default() {
        let mut problems = ConfigProblems::default();
        let args = CommunityArgs {
            pedro_community: Some("soypetetech".to_owned()),
            pedro_time_zone: Some("America/Denver".to_owned()),
            ..Default::default()
        };
        let settings = args.resolve(&mut problems);
        assert!(problems.found().is_empty());
        assert_eq!(settings.communities.iter().count(), 1);
        let community = settings.communities.community_of_twitch("#Anything");
        assert_eq!(community, &Community::new("soypetetech", Tz::America__Denver));
        assert_eq!(CommunityArgs::default().resolve(&mut problems).communities.first.name, "default");
    }

    #[test]
    fn a_channel_belongs_to_the_community_that_names_it_and_else_to_the_first() {
        let first = Community { twitch: vec!["ada".to_owned()], ..Community::new("one", Tz::UTC) };
        let second = Community { twitch: vec!["soypetetech".to_owned()], ..Community::new("two", Tz::UTC) };
        let communities = CommunityFile::new(first, vec![second]);
        for (channel, expected) in [("ada", "one"), ("#SoyPeteTech", "two"), ("soypetetech", "two"), ("bob", "one")] {
            assert_eq!(communities.community_of_twitch(channel).name, expected, "{channel}");
        }
    }

    #[test]
    fn chattiness_has_the_names_that_commands_use() {
        for (name, expected) in
            [("quiet", Some(Chattiness::Quiet)), ("questions", Some(Chattiness::Questions)), ("loud", None)]
        {
            assert_eq!(Chattiness::from_name(name), expected);
        }
    }
}
