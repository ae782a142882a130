//! The commands that the bot has registered, and what Discord accepts as one.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::failure::Problems;
use super::snowflake::Snowflake;

/// Slash commands an application may have, globally and again in each guild.
pub(super) const COMMANDS: usize = 100;
/// Commands on people and on messages, each.
const MENU_COMMANDS: usize = 15;
const OPTIONS: usize = 25;
const CHOICES: usize = 25;
/// Characters of a command's names, descriptions and values together.
const TOGETHER: usize = 8_000;

/// The kinds of option that matter here, with Discord's numbers.
pub(super) const SUB_COMMAND: u64 = 1;
pub(super) const SUB_COMMAND_GROUP: u64 = 2;
const LAST_KIND: u64 = 11;

/// All commands, by where they are registered: globally (`None`) or in one guild.
#[derive(Debug, Default)]
pub(super) struct Commands {
    places: BTreeMap<Option<Snowflake>, BTreeMap<Snowflake, Value>>,
    /// How often all commands of a place were overwritten.
    pub(super) overwrites: u64,
}

impl Commands {
    /// The commands of one place, in the order of their names.
    pub(super) fn of(&self, place: Option<Snowflake>) -> Vec<&Value> {
        let mut found: Vec<&Value> = self.places.get(&place).into_iter().flat_map(BTreeMap::values).collect();
        found.sort_by_key(|command| command["name"].as_str().unwrap_or_default());
        found
    }

    /// Those that can be used in a guild, or in direct messages: a guild's own hide global ones of the same name.
    pub(super) fn usable_in(&self, guild: Option<Snowflake>) -> Vec<&Value> {
        let own = guild.map(|guild| self.of(Some(guild))).unwrap_or_default();
        let hidden = |command: &&Value| own.iter().any(|other| other["name"] == command["name"]);
        let in_dm = |command: &&Value| match command["contexts"].as_array() {
            Some(contexts) => contexts.contains(&json!(u64::from(guild.is_none()))),
            None => guild.is_some() || command["dm_permission"] != false,
        };
        let mut usable: Vec<&Value> = self.of(None).into_iter().filter(in_dm).filter(|c| !hidden(c)).collect();
        usable.extend(&own);
        usable.sort_by_key(|command| command["name"].as_str().unwrap_or_default());
        usable
    }

    pub(super) fn get(&self, place: Option<Snowflake>, id: Snowflake) -> Option<&Value> {
        self.places.get(&place)?.get(&id)
    }

    /// The command of this name and type.
    pub(super) fn named(&self, place: Option<Snowflake>, name: &str, kind: &Value) -> Option<&Value> {
        self.of(place).into_iter().find(|command| command["name"] == name && command["type"] == *kind)
    }

    /// Registers a command, or changes the one of this name. `version` marks the change, if it is one.
    pub(super) fn put(
        &mut self,
        place: Option<Snowflake>,
        application: Snowflake,
        command: &Value,
        version: Snowflake,
    ) -> Value {
        let command = normal(place, application, command, version);
        let id = command["id"].as_str().and_then(|id| id.parse().ok()).unwrap_or_default();
        let commands = self.places.entry(place).or_default();
        if let Some(old) = commands.get(&id) {
            let mut same = command.clone();
            same["version"] = old["version"].clone();
            if same == *old {
                return same;
            }
        }
        commands.insert(id, command.clone());
        command
    }

    pub(super) fn remove(&mut self, place: Option<Snowflake>, id: Snowflake) -> bool {
        self.places.get_mut(&place).is_some_and(|commands| commands.remove(&id).is_some())
    }

    /// Keeps only the commands in this list.
    pub(super) fn retain(&mut self, place: Option<Snowflake>, kept: &[Value]) {
        let kept: Vec<&str> = kept.iter().filter_map(|command| command["id"].as_str()).collect();
        self.places.entry(place).or_default().retain(|id, _| kept.contains(&id.to_string().as_str()));
    }
}

/// A command with everything that Discord adds to it.
fn normal(place: Option<Snowflake>, application: Snowflake, command: &Value, version: Snowflake) -> Value {
    let kind = command.get("type").filter(|kind| !kind.is_null()).cloned().unwrap_or_else(|| json!(1));
    let name = command["name"].as_str().unwrap_or_default();
    let at = place.map_or_else(|| "everywhere".to_owned(), |guild| guild.to_string());
    let mut normal = json!({
        "id": Snowflake::named("command", &format!("{at}/{kind}/{name}")), "application_id": application,
        "version": version, "type": kind, "name": name, "nsfw": command["nsfw"] == true,
        "description": command["description"].as_str().unwrap_or_default(),
        "name_localizations": command["name_localizations"],
        "description_localizations": command["description_localizations"],
        "default_member_permissions": command["default_member_permissions"],
    });
    match place {
        Some(guild) => normal["guild_id"] = json!(guild),
        None => {
            normal["dm_permission"] = json!(command["dm_permission"] != false);
            normal["contexts"] = command["contexts"].clone();
            let everywhere = command.get("integration_types").filter(|types| !types.is_null());
            normal["integration_types"] = everywhere.cloned().unwrap_or_else(|| json!([0]));
        }
    }
    if command["options"].as_array().is_some_and(|options| !options.is_empty()) {
        normal["options"] = command["options"].clone();
    }
    normal
}

/// Checks one command; `path` is where it stands in the request.
pub(super) fn check(command: &Value, path: &str, problems: &mut Problems) {
    let at = |field: &str| if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") };
    let slash = command["type"].as_u64().unwrap_or(1) == 1;
    check_name(command, &at("name"), slash, problems);
    if slash {
        check_text(command, "description", &at("description"), problems);
    } else if command["description"].as_str().is_some_and(|text| !text.is_empty()) {
        let message = "Context menu commands cannot have description";
        problems.add(&at("description"), "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_NOT_ALLOWED", message);
    }
    let permissions = &command["default_member_permissions"];
    if !permissions.is_null() && permissions.as_str().is_none_or(|bits| bits.parse::<u64>().is_err()) {
        problems.add(&at("default_member_permissions"), "NUMBER_TYPE_COERCE", "Value is not a permission bit set.");
    }
    check_options(command, &at("options"), 0, problems);
    if weight(command) > TOGETHER {
        let message = format!("Command exceeds maximum size ({TOGETHER})");
        problems.add(path, "APPLICATION_COMMAND_TOO_LARGE", &message);
    }
}

/// Checks all commands of a place together.
pub(super) fn check_all(commands: &[Value], problems: &mut Problems) {
    let kind = |command: &Value| command["type"].as_u64().unwrap_or(1);
    for (kinds, most) in [(1, COMMANDS), (2, MENU_COMMANDS), (3, MENU_COMMANDS)] {
        if commands.iter().filter(|command| kind(command) == kinds).count() > most {
            problems.too_long("", most);
        }
    }
    for (place, command) in commands.iter().enumerate() {
        check(command, &place.to_string(), problems);
        let twin = |other: &Value| other["name"] == command["name"] && kind(other) == kind(command);
        if commands[..place].iter().any(twin) {
            let message = "Application command names must be unique";
            problems.add(&place.to_string(), "APPLICATION_COMMANDS_DUPLICATE_NAME", message);
        }
    }
}

fn check_name(thing: &Value, path: &str, strict: bool, problems: &mut Problems) {
    let Some(name) = thing["name"].as_str() else { return problems.required(path) };
    problems.check_length(path, name.chars().count(), 1, 32);
    let fits = |c: char| (c.is_alphanumeric() || "-_'".contains(c)) && c.to_lowercase().eq([c]);
    if strict && !name.chars().all(fits) {
        problems.add(path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid");
    }
}

fn check_text(thing: &Value, field: &str, path: &str, problems: &mut Problems) {
    match thing[field].as_str() {
        Some(text) => problems.check_length(path, text.chars().count(), 1, 100),
        None => problems.required(path),
    }
}

fn check_options(thing: &Value, path: &str, depth: u8, problems: &mut Problems) {
    let options = thing["options"].as_array().map(Vec::as_slice).unwrap_or_default();
    problems.check_length(path, options.len(), 0, OPTIONS);
    let mut optional_seen = false;
    for (place, option) in options.iter().enumerate() {
        let path = format!("{path}.{place}");
        check_name(option, &format!("{path}.name"), true, problems);
        check_text(option, "description", &format!("{path}.description"), problems);
        if options[..place].iter().any(|other| other["name"] == option["name"]) {
            let message = "Option name already exists";
            problems.add(&path, "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", message);
        }
        let required = option["required"] == true;
        if required && optional_seen {
            let message = "Required options must be placed before non-required options";
            problems.add(&path, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message);
        }
        optional_seen |= !required;
        check_option(option, &path, depth, problems);
    }
}

fn check_option(option: &Value, path: &str, depth: u8, problems: &mut Problems) {
    match option["type"].as_u64() {
        Some(SUB_COMMAND) if depth < 2 => check_options(option, &format!("{path}.options"), 2, problems),
        Some(SUB_COMMAND_GROUP) if depth < 1 => check_options(option, &format!("{path}.options"), 1, problems),
        Some(SUB_COMMAND | SUB_COMMAND_GROUP) => {
            let message = "Sub-command option type can't be used here";
            problems.add(path, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message);
        }
        Some(3..=LAST_KIND) => check_choices(option, path, problems),
        Some(_) => problems.add(&format!("{path}.type"), "BASE_TYPE_CHOICES", "Value must be one of 1 to 11."),
        None => problems.required(&format!("{path}.type")),
    }
}

fn check_choices(option: &Value, path: &str, problems: &mut Problems) {
    let choices = option["choices"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !choices.is_empty() && option["autocomplete"] == true {
        let message = "Autocomplete option cannot have choices";
        problems.add(path, "APPLICATION_COMMAND_AUTOCOMPLETE_CHOICES", message);
    }
    problems.check_length(&format!("{path}.choices"), choices.len(), 0, CHOICES);
    for (place, choice) in choices.iter().enumerate() {
        check_choice(choice, &format!("{path}.choices.{place}"), problems);
    }
}

/// Checks one choice, of an option or of a list of suggestions.
pub(super) fn check_choice(choice: &Value, path: &str, problems: &mut Problems) {
    check_text(choice, "name", &format!("{path}.name"), problems);
    match &choice["value"] {
        Value::Null => problems.required(&format!("{path}.value")),
        Value::String(text) => problems.check_length(&format!("{path}.value"), text.chars().count(), 1, 100),
        _ => {}
    }
}

fn weight(thing: &Value) -> usize {
    let text = |field: &str| thing[field].as_str().map_or(0, |text| text.chars().count());
    let inner = ["options", "choices"].iter().flat_map(|list| thing[list].as_array().into_iter().flatten());
    text("name") + text("description") + text("value") + inner.map(weight).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_good(command: &Value) -> bool {
        let mut problems = Problems::default();
        check(command, "", &mut problems);
        problems.is_empty()
    }

    fn with_options(options: Value) -> Value {
        json!({ "name": "ask", "description": "Asks", "options": options })
    }

    #[test]
    fn a_name_is_lower_case_and_has_no_spaces() {
        for (name, good) in [
            ("askpedro", true),
            ("pedro-agentic-mode", true),
            ("frage_größe", true),
            ("askPedro", false),
            ("ask pedro", false),
            ("", false),
            ("ask!", false),
        ] {
            assert_eq!(is_good(&json!({ "name": name, "description": "x" })), good, "{name}");
        }
        assert!(!is_good(&json!({ "name": "x".repeat(33), "description": "x" })));
        assert!(is_good(&json!({ "name": "Ask Pedro About This", "type": 3 })));
    }

    #[test]
    fn a_description_has_up_to_a_hundred_characters() {
        assert!(is_good(&json!({ "name": "x", "description": "ü".repeat(100) })));
        assert!(!is_good(&json!({ "name": "x", "description": "u".repeat(101) })));
        assert!(!is_good(&json!({ "name": "x", "description": "" })));
        assert!(!is_good(&json!({ "name": "x" })));
    }

    #[test]
    fn required_options_come_first_and_names_are_unique() {
        let option =
            |name: &str, required: bool| json!({ "type": 3, "name": name, "description": "x", "required": required });
        assert!(is_good(&with_options(json!([option("a", true), option("b", false)]))));
        assert!(!is_good(&with_options(json!([option("a", false), option("b", true)]))));
        assert!(!is_good(&with_options(json!([option("a", true), option("a", true)]))));
        assert!(!is_good(&with_options(json!([{ "type": 3, "name": "A", "description": "x" }]))));
        assert!(!is_good(&with_options(json!([{ "type": 12, "name": "a", "description": "x" }]))));
        assert!(!is_good(&with_options(vec![option("a", true); 26].into())));
    }

    #[test]
    fn a_command_that_stays_as_it_is_keeps_its_version() {
        let (mut commands, application) = (Commands::default(), Snowflake::new(1));
        let ask = json!({ "name": "ask", "description": "Asks" });
        let first = commands.put(None, application, &ask, Snowflake::new(10));
        assert_eq!(commands.put(None, application, &ask, Snowflake::new(11))["version"], first["version"]);
        let changed = json!({ "name": "ask", "description": "Asks Pedro" });
        let second = commands.put(None, application, &changed, Snowflake::new(12));
        assert_eq!((&second["version"], &second["id"]), (&json!("12"), &first["id"]));
    }

    #[test]
    fn a_guilds_command_hides_the_global_one() {
        let (mut commands, application, guild) = (Commands::default(), Snowflake::new(1), Snowflake::new(2));
        let command =
            |description: &str, dm: bool| json!({ "name": "ask", "description": description, "dm_permission": dm });
        commands.put(None, application, &command("global", false), Snowflake::new(10));
        commands.put(Some(guild), application, &command("own", true), Snowflake::new(11));
        let usable = |place| commands.usable_in(place).iter().map(|c| c["description"].clone()).collect::<Vec<_>>();
        assert_eq!(usable(Some(guild)), ["own"]);
        assert_eq!(usable(Some(Snowflake::new(3))), ["global"]);
        assert_eq!(usable(None), Vec::<Value>::new());
    }
}
