//! What is wrong with a community that was read from the file: every value of it, with its line.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::time::Duration;

use chrono_tz::Tz;
use serde_saphyr::Spanned;

use crate::chat::Chattiness;
use crate::knowledge::prompt_file;
use crate::trigger::COMMANDS;

use super::community::{Community, Persona, TIME_ZONE, TrainedPromptFile, parse_time_zone, twitch_login};
use super::community_file::RawCommunity;
use super::problems::ConfigProblems;
use super::values::{parse_duration, shown};

/// A recap that comes later is of yesterday.
const LONGEST_RECAP_AFTER: Duration = Duration::from_secs(3_600);

/// Twitch's own limit.
const LONGEST_LOGIN: usize = 25;

/// Checks one community after the other, and that they do not overlap.
pub(super) struct CommunityReader<'a> {
    path: &'a Path,
    time_zone: Tz,
    problems: &'a mut ConfigProblems,
    names: HashSet<String>,
    /// Twitch channels and Discord guilds that a community has taken.
    places: HashSet<String>,
}

impl<'a> CommunityReader<'a> {
    pub(super) fn new(path: &'a Path, time_zone: Tz, problems: &'a mut ConfigProblems) -> Self {
        Self { path, time_zone, problems, names: HashSet::new(), places: HashSet::new() }
    }

    pub(super) fn community(&mut self, index: usize, raw: RawCommunity) -> Community {
        let default = Community::new(self.name(index, &raw.name), self.time_zone);
        let time_zone = raw.time_zone.and_then(|zone| {
            let parsed = parse_time_zone(zone.value.trim());
            parsed.map_err(|wrong| self.wrong(index, "time_zone", &zone, wrong, TIME_ZONE)).ok()
        });
        let mut other_bots = default.other_bots;
        other_bots.extend(raw.other_bots.iter().map(|login| twitch_login(login)));
        Community {
            time_zone: time_zone.unwrap_or(self.time_zone),
            twitch: raw.twitch.iter().filter_map(|channel| self.twitch(index, channel)).collect(),
            discord: raw.discord.iter().filter_map(|guild| self.discord(index, guild)).collect(),
            nicknames: kept(raw.nicknames),
            relay_user_id: raw.relay_user_id.filter(|id| !id.trim().is_empty()),
            other_bots,
            prefix: raw.prefix.map(|prefix| prefix.trim().to_owned()).filter(|prefix| !prefix.is_empty()),
            commands: self.commands(index, raw.commands),
            links_allowed: raw.links_allowed.unwrap_or(default.links_allowed),
            persona: raw.persona.and_then(|persona| self.persona(index, &persona)),
            trained_prompts: raw.trained_prompts.and_then(|file| self.trained_prompts(index, &file)),
            chattiness: raw.chattiness.map_or(default.chattiness, |name| self.chattiness(index, &name)),
            deny: kept(raw.deny),
            plan_tags: raw.plan_tags.map_or(default.plan_tags, kept),
            recap_channel: raw.recap_channel.and_then(|channel| self.recap_channel(index, &channel)),
            recap_after: raw.recap_after.map_or(default.recap_after, |time| self.recap_after(index, &time)),
            retention_days: raw.retention_days.and_then(|days| self.retention_days(index, &days)),
            ..Community::new(default.name, self.time_zone)
        }
    }

    fn commands(&mut self, index: usize, names: BTreeMap<String, Spanned<String>>) -> BTreeMap<String, String> {
        let mut renamed = BTreeMap::new();
        for (command, name) in names {
            if COMMANDS.iter().any(|known| known.name == command) {
                renamed.insert(command, name.value.trim().to_owned());
            } else {
                let shape = ("Pedro's name of a chat command, and the name it has here", "{links: urls}");
                self.wrong(index, "commands", &name, format!("{} is no command", shown(&command)), shape);
            }
        }
        renamed
    }

    fn name(&mut self, index: usize, name: &Spanned<String>) -> String {
        let trimmed = name.value.trim().to_owned();
        let shape = ("a name that no other community has", "soypetetech");
        if trimmed.is_empty() {
            self.wrong(index, "name", name, "is empty".to_owned(), shape);
        } else if !self.names.insert(trimmed.to_lowercase()) {
            self.wrong(index, "name", name, format!("{} is the name of two communities", shown(&trimmed)), shape);
        }
        trimmed
    }

    fn twitch(&mut self, index: usize, channel: &Spanned<String>) -> Option<String> {
        let login = twitch_login(&channel.value);
        let is_login = login.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let wrong = if !is_login || login.is_empty() || login.len() > LONGEST_LOGIN {
            format!("{} is no Twitch login", shown(&channel.value))
        } else if !self.places.insert(format!("twitch {login}")) {
            format!("{login:?} is listed twice")
        } else {
            return Some(login);
        };
        let shape = ("logins of Twitch channels, each in one community", "[soypetetech]");
        self.wrong(index, "twitch", channel, wrong, shape);
        None
    }

    fn discord(&mut self, index: usize, guild: &Spanned<String>) -> Option<u64> {
        let wrong = match guild.value.trim().parse::<u64>() {
            Ok(id) if id > 0 && self.places.insert(format!("discord {id}")) => return Some(id),
            Ok(id) if id > 0 => format!("{id} is listed twice"),
            _ => format!("{} is no id of a guild", shown(&guild.value)),
        };
        let shape = ("ids of Discord guilds, each in one community", "[\"112233445566778899\"]");
        self.wrong(index, "discord", guild, wrong, shape);
        None
    }

    fn persona(&mut self, index: usize, persona: &Spanned<String>) -> Option<Persona> {
        match persona.value.trim() {
            "neutral" => Some(Persona::Neutral),
            "soypetetech" => Some(Persona::SoyPeteTech),
            file => {
                // Beside the file that names it, wherever the bot was started.
                let path = self.path.parent().unwrap_or(Path::new("")).join(file);
                let wrong = match std::fs::read_to_string(&path) {
                    Ok(text) if !text.trim().is_empty() => return Some(Persona::Text(text)),
                    Ok(_) => format!("{path:?} is empty"),
                    Err(error) => format!("{path:?} cannot be read: {error}"),
                };
                let shape = ("neutral, soypetetech, or the path of a text file, relative to this one", "persona.md");
                self.wrong(index, "persona", persona, wrong, shape);
                None
            }
        }
    }

    fn trained_prompts(&mut self, index: usize, file: &Spanned<String>) -> Option<TrainedPromptFile> {
        let named = match file.value.trim() {
            "soypetetech" => TrainedPromptFile::SoyPeteTech,
            path => TrainedPromptFile::File(self.path.parent().unwrap_or(Path::new("")).join(path)),
        };
        match prompt_file::read(&named) {
            Ok(_) => Some(named),
            Err(error) => {
                let shape = ("soypetetech, or the path of a YAML file, relative to this one", "prompts.yaml");
                self.wrong(index, "trained_prompts", file, format!("{}: {error}", shown(&file.value)), shape);
                None
            }
        }
    }

    fn chattiness(&mut self, index: usize, name: &Spanned<String>) -> Chattiness {
        Chattiness::from_name(name.value.trim()).unwrap_or_else(|| {
            let wrong = format!("{} is no chattiness", shown(&name.value));
            self.wrong(index, "chattiness", name, wrong, ("quiet, named or questions", "named"));
            Chattiness::default()
        })
    }

    fn retention_days(&mut self, index: usize, days: &Spanned<i64>) -> Option<u32> {
        let kept = u32::try_from(days.value).ok().filter(|kept| (1..=36_500).contains(kept));
        if kept.is_none() {
            let wrong = format!("{} is no number of days", days.value);
            self.wrong(
                index,
                "retention_days",
                days,
                wrong,
                ("days from 1 to 36500; leave it out to keep lines", "365"),
            );
        }
        kept
    }

    fn recap_channel(&mut self, index: usize, channel: &Spanned<String>) -> Option<u64> {
        let id = channel.value.trim().parse().ok().filter(|id| *id > 0);
        if id.is_none() {
            let wrong = format!("{} is no id of a channel", shown(&channel.value));
            let shape = ("the id of a Discord channel; leave it out to post no recaps", "\"112233445566778899\"");
            self.wrong(index, "recap_channel", channel, wrong, shape);
        }
        id
    }

    fn recap_after(&mut self, index: usize, time: &Spanned<String>) -> Duration {
        let wrong = match parse_duration(time.value.trim()) {
            // At once: for those who try it out.
            _ if matches!(time.value.trim(), "0" | "0s") => return Duration::ZERO,
            Ok(after) if after <= LONGEST_RECAP_AFTER => return after,
            Ok(_) => format!("{} is longer than an hour", shown(&time.value)),
            Err(wrong) => wrong,
        };
        self.wrong(index, "recap_after", time, wrong, ("a length of time, an hour at most", "10m"));
        Duration::ZERO
    }

    fn wrong<T>(
        &mut self,
        index: usize,
        key: &str,
        at: &Spanned<T>,
        wrong: String,
        shape: (&'static str, &'static str),
    ) {
        let name = format!("PEDRO_CONFIG {}:{} communities[{index}].{key}", self.path.display(), at.referenced.line());
        self.problems.add(name, wrong, shape.0, shape.1);
    }
}

/// Without surrounding white space and empty entries: an empty deny-list term would be in every answer.
fn kept(entries: Vec<String>) -> Vec<String> {
    entries.iter().map(|entry| entry.trim().to_owned()).filter(|entry| !entry.is_empty()).collect()
}
