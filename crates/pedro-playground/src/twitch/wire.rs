//! The chat protocol's lines: IRC with message tags, as text. Pure.

/// The name the server gives itself in everything it says.
pub(super) const SERVER: &str = "tmi.twitch.tv";

/// One line from a client, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ClientMessage {
    tags: Vec<(String, String)>,
    /// In upper case: clients may write `privmsg`.
    pub(super) command: String,
    pub(super) params: Vec<String>,
}

impl ClientMessage {
    /// Takes a line apart; `None` where there is no command in it.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let (tags, rest) = match line.strip_prefix('@') {
            Some(tagged) => tagged.split_once(' ')?,
            None => ("", line),
        };
        // A client may name itself; the server knows better who is speaking.
        let rest = match rest.trim_start().strip_prefix(':') {
            Some(prefixed) => prefixed.split_once(' ')?.1,
            None => rest,
        };
        let (head, trailing) = match rest.split_once(" :") {
            Some((head, trailing)) => (head, Some(trailing)),
            None => (rest, None),
        };
        let mut words = head.split_ascii_whitespace();
        let command = words.next()?.to_ascii_uppercase();
        let params = words.chain(trailing).map(str::to_owned).collect();
        let tags = tags.split(';').filter(|tag| !tag.is_empty()).map(parse_tag).collect();
        Some(Self { tags, command, params })
    }

    /// The parameter at `index`, or nothing at all.
    pub(super) fn param(&self, index: usize) -> &str {
        self.params.get(index).map_or("", String::as_str)
    }

    /// The tag's value; an empty value counts as absent, as on Twitch.
    pub(super) fn tag(&self, key: &str) -> Option<&str> {
        let (_, value) = self.tags.iter().find(|(name, _)| name == key)?;
        (!value.is_empty()).then_some(value)
    }
}

fn parse_tag(tag: &str) -> (String, String) {
    let (key, value) = tag.split_once('=').unwrap_or((tag, ""));
    (key.to_owned(), unescape(value))
}

/// Which extensions a client asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Capabilities {
    pub(super) tags: bool,
    pub(super) commands: bool,
    pub(super) membership: bool,
}

impl Capabilities {
    /// The extensions there are, as `CAP LS` lists them.
    pub(super) const KNOWN: &str = "twitch.tv/commands twitch.tv/membership twitch.tv/tags";

    /// Grants what is asked for; false, and nothing granted, where anything in it is unknown.
    pub(super) fn grant(&mut self, asked: &str) -> bool {
        let mut granted = *self;
        for name in asked.split_ascii_whitespace() {
            match name {
                "twitch.tv/tags" => granted.tags = true,
                "twitch.tv/commands" => granted.commands = true,
                "twitch.tv/membership" => granted.membership = true,
                _ => return false,
            }
        }
        *self = granted;
        true
    }
}

/// One line from the server, before it is known what its reader understands.
#[derive(Debug, Clone)]
pub(super) struct ServerMessage {
    tags: Vec<(&'static str, String)>,
    /// Everything after the tags, prefix included.
    rest: String,
    /// Only for clients that asked for Twitch's own commands (`CLEARMSG`, `USERSTATE`, ...).
    special: bool,
}

impl ServerMessage {
    /// A line that every IRC client understands.
    pub(super) fn plain(rest: impl Into<String>) -> Self {
        Self { tags: Vec::new(), rest: rest.into(), special: false }
    }

    /// A line of Twitch's own, from the server itself.
    pub(super) fn special(rest: impl AsRef<str>) -> Self {
        let rest = format!(":{SERVER} {}", rest.as_ref());
        Self { tags: Vec::new(), rest, special: true }
    }

    /// Adds a tag; the value is escaped when the line is written.
    pub(super) fn tag(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.tags.push((key, value.into()));
        self
    }

    /// The line for a client with these capabilities; `None` where it is not for that client.
    pub(super) fn for_client(&self, capabilities: Capabilities) -> Option<String> {
        if self.special && !capabilities.commands {
            return None;
        }
        Some(if capabilities.tags { self.in_full() } else { self.rest.clone() })
    }

    /// The line with all its tags, in the order of their names, as Twitch writes them.
    pub(super) fn in_full(&self) -> String {
        if self.tags.is_empty() {
            return self.rest.clone();
        }
        let mut tags: Vec<String> = self.tags.iter().map(|(key, value)| format!("{key}={}", escape(value))).collect();
        tags.sort_unstable();
        format!("@{} {}", tags.join(";"), self.rest)
    }
}

/// A tag value as it travels: what would end a tag or a line is escaped (IRCv3).
fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            ';' => escaped.push_str("\\:"),
            ' ' => escaped.push_str("\\s"),
            '\\' => escaped.push_str("\\\\"),
            '\r' => escaped.push_str("\\r"),
            '\n' => escaped.push_str("\\n"),
            other => escaped.push(other),
        }
    }
    escaped
}

fn unescape(value: &str) -> String {
    let mut plain = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        match characters.next() {
            Some(':') => plain.push(';'),
            Some('s') => plain.push(' '),
            Some('r') => plain.push('\r'),
            Some('n') => plain.push('\n'),
            // An escape that means nothing stands for its character; a lone backslash at the end for nothing.
            Some(other) => plain.push(other),
            None => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_value_survives_the_journey() {
        for value in ["", "plain", "a b; c\\d\r\ne", "\\s is not a space", "größe 👋"] {
            assert_eq!(unescape(&escape(value)), value);
        }
        assert_eq!(escape("Pedro says: a; b"), "Pedro\\ssays:\\sa\\:\\sb");
        assert_eq!(unescape("a\\bc\\"), "abc");
    }

    #[test]
    fn a_reply_with_a_nonce_is_taken_apart() {
        let line = "@reply-parent-msg-id=abc;client-nonce=n\\s1;empty= privmsg #pedrotown :hello :) there";
        let Some(message) = ClientMessage::parse(line) else { panic!("not understood: {line}") };
        assert_eq!(message.command, "PRIVMSG");
        assert_eq!(message.params, ["#pedrotown", "hello :) there"]);
        assert_eq!(message.tag("reply-parent-msg-id"), Some("abc"));
        assert_eq!(message.tag("client-nonce"), Some("n 1"));
        assert_eq!(message.tag("empty"), None);
        assert_eq!(message.tag("missing"), None);
    }

    #[test]
    fn a_line_without_a_command_is_nothing() {
        for line in ["", "   ", "@tags-only", ":prefix-only", ":prefix "] {
            assert_eq!(ClientMessage::parse(line), None, "{line:?}");
        }
    }

    #[test]
    fn capabilities_are_granted_all_or_none() {
        let mut capabilities = Capabilities::default();
        assert!(!capabilities.grant("twitch.tv/tags twitch.tv/unheard-of"));
        assert!(!capabilities.tags);
        assert!(capabilities.grant("twitch.tv/tags twitch.tv/commands"));
        assert!(capabilities.tags && capabilities.commands && !capabilities.membership);
    }

    #[test]
    fn a_client_gets_what_it_asked_for() {
        let message = ServerMessage::special("CLEARCHAT #pedrotown").tag("room-id", "7").tag("a", "x y");
        let (plain, full) = (Capabilities::default(), Capabilities { tags: true, commands: true, membership: false });
        assert_eq!(message.for_client(plain), None);
        assert_eq!(message.for_client(full).as_deref(), Some("@a=x\\sy;room-id=7 :tmi.twitch.tv CLEARCHAT #pedrotown"));
    }
}
