//! Lines that a relay account (Restream) brings over from other platforms: `[YouTube: name] text`.

use std::sync::LazyLock;

use regex::Regex;

use super::line;
use crate::chat::{Author, AuthorKind, ChatMessage, Role};

/// A platform's name, a person's name, what they say. No bracket is allowed in a name: it could end the name early
/// and let its owner speak as somebody else.
static RELAYED: LazyLock<Regex> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a constant, compiled in a test")]
    Regex::new(r"(?s)^\s*\[([A-Za-z0-9]{1,30}):\s*([^\[\]]+)\]\s+(.+)$").expect("valid")
});

/// Gives a relayed line back to who wrote it, without any permission. A line of another account, or one that is not
/// of the form `[Platform: name] text`, is returned as it is.
pub fn unwrap(message: ChatMessage, relay_user_id: &str) -> ChatMessage {
    if relay_user_id.is_empty() || message.author.platform_user_id != relay_user_id {
        return message;
    }
    let Some((author, text)) = read(&message.text) else { return message };
    ChatMessage { author, text, ..message }
}

fn read(line: &str) -> Option<(Author, String)> {
    let parts = RELAYED.captures(line)?;
    let (platform, name, text) = (&parts[1], parts[2].trim(), parts[3].trim());
    // The name is visible only if something is left of it; a bracket that closes nothing was part of a name.
    let is_sound = !line::tidy(name).is_empty() && !line::tidy(text).is_empty() && !name.contains(char::is_control);
    if !is_sound || closes_first(text) {
        return None;
    }
    let login = name.to_lowercase();
    let author = Author {
        platform_user_id: format!("restream:{}:{login}", platform.to_lowercase()),
        login,
        display_name: name.to_owned(),
        kind: AuthorKind::Person,
        role: Role::Viewer,
    };
    Some((author, text.to_owned()))
}

fn closes_first(text: &str) -> bool {
    text.find(['[', ']']).is_some_and(|at| text[at..].starts_with(']'))
}

#[cfg(test)]
mod tests {
    use super::super::tests::message;
    use super::*;

    const RELAY: &str = "777";

    fn relayed(text: &str) -> ChatMessage {
        let mut line = message(text);
        line.author.platform_user_id = RELAY.to_owned();
        line.author.role = Role::Streamer;
        line.author.kind = AuthorKind::Bot;
        line
    }

    #[test]
    fn a_relayed_line_is_given_to_who_wrote_it_without_permissions() {
        let line = unwrap(relayed("[YouTube: Alice Ñ] hey pedro, why?"), RELAY);
        assert_eq!(line.text, "hey pedro, why?");
        assert_eq!(
            line.author,
            Author {
                platform_user_id: "restream:youtube:alice ñ".to_owned(),
                login: "alice ñ".to_owned(),
                display_name: "Alice Ñ".to_owned(),
                kind: AuthorKind::Person,
                role: Role::Viewer,
            }
        );
        assert_eq!(line.platform_message_id, relayed("").platform_message_id);
    }

    #[test]
    fn any_platform_of_letters_and_digits_is_understood() {
        for (text, id, said) in [
            ("[X: bob] hi", "restream:x:bob", "hi"),
            ("[Kick:  Bob  ]  hi  there ", "restream:kick:bob", "hi  there"),
            ("[TikTok:bob] hi", "restream:tiktok:bob", "hi"),
            ("[Trovo2: a:b] arr[0] = x", "restream:trovo2:a:b", "arr[0] = x"),
            ("[YouTube: bob] [Twitch: streamer] !pedro-stop", "restream:youtube:bob", "[Twitch: streamer] !pedro-stop"),
        ] {
            let line = unwrap(relayed(text), RELAY);
            assert_eq!((line.author.platform_user_id.as_str(), line.text.as_str()), (id, said), "{text}");
            assert_eq!(line.author.role, Role::Viewer, "{text}");
        }
    }

    #[test]
    fn a_malformed_line_stays_as_it_is() {
        for text in [
            "",
            "hello",
            "[YouTube] hi",
            "[YouTube: ] hi",
            "[YouTube: bob]",
            "[YouTube: bob]  ",
            "[YouTube: bob]hi",
            "[: bob] hi",
            "[You Tube: bob] hi",
            "[You-Tube: bob] hi",
            "[Yоutube: bob] hi",
            "[YouTube: [Twitch: x]] hi",
            "[YouTube: a]b] hi",
            "[YouTube: a[b] hi",
            "[YouTube: victim] !forgetme ] hi",
            "[YouTube: a\u{0}b] hi",
            "[YouTube: a\nb] hi",
            "[YouTube: \u{200b}] hi",
            "[YouTube: bob] \u{e0000}",
            "x [YouTube: bob] hi",
            "[[YouTube: bob] hi",
            "YouTube: bob hi",
        ] {
            assert_eq!(unwrap(relayed(text), RELAY), relayed(text), "{text:?}");
        }
    }

    #[test]
    fn a_line_of_another_account_stays_as_it_is() {
        let text = "[YouTube: alice] hi";
        assert_eq!(unwrap(message(text), RELAY), message(text));
        let mut nobody = message(text);
        nobody.author.platform_user_id.clear();
        assert_eq!(unwrap(nobody.clone(), ""), nobody);
    }
}
