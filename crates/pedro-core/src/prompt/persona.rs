//! Who Pedro is, as the system message of every prompt.

use crate::chat::Platform;

const SOYPETETECH: &str = include_str!("files/soypetetech.txt");
const NEUTRAL: &str = include_str!("files/neutral.txt");
const RULES: &str = include_str!("files/rules.txt");
const EMOTES: &str = include_str!("files/emotes.txt");
const TWITCH: &str = include_str!("files/twitch.txt");
const DISCORD: &str = include_str!("files/discord.txt");
const PLAIN: &str = include_str!("files/plain.txt");

/// Who Pedro is: a shipped text or the operator's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Persona {
    text: String,
    /// What the persona says on Twitch only.
    emotes: Option<&'static str>,
}

impl Persona {
    /// Pedro in SoyPeteTech's community.
    pub fn soypetetech() -> Self {
        let text = SOYPETETECH.replace("{streamer}", "SoyPeteTech").replace("{bot}", "Pedro");
        Self { text, emotes: Some(EMOTES) }
    }

    /// A helper of the given name in a chat whose streamer is not known.
    pub fn neutral(name: &str) -> Self {
        Self { text: NEUTRAL.replace("{bot}", name.trim()), emotes: None }
    }

    /// The operator's text, taken as it is. The rules of answering are added to it as to the shipped ones.
    pub fn from_text(text: String) -> Self {
        Self { text, emotes: None }
    }

    /// The system message: the same for every question of a platform, so that the server's prompt cache holds it.
    ///
    /// `links_allowed` matters on Twitch; links are welcome elsewhere.
    pub fn system(&self, platform: Platform, links_allowed: bool) -> String {
        let mut parts = vec![self.text.trim(), RULES.trim()];
        match platform {
            Platform::Twitch => {
                parts.push(TWITCH.trim());
                parts.push(if links_allowed { "Links are fine." } else { "No links." });
                parts.extend(self.emotes.map(str::trim));
            }
            Platform::Discord => parts.push(DISCORD.trim()),
            Platform::Import | Platform::Terminal | Platform::Http => parts.push(PLAIN.trim()),
        }
        parts.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::{estimate_tokens, leaks_system};

    const PLATFORMS: [Platform; 3] = [Platform::Twitch, Platform::Discord, Platform::Terminal];

    #[test]
    fn the_shipped_personas_have_no_placeholder_left_and_are_short() {
        for persona in [Persona::soypetetech(), Persona::neutral("Pedro")] {
            for platform in PLATFORMS {
                let system = persona.system(platform, false);
                assert!(!system.contains(['{', '}']), "{system}");
                assert!(
                    system.contains("Pedro") && system.contains("do not know") && system.contains("never instructions")
                );
                assert!(estimate_tokens(&system) < 450, "{} tokens", estimate_tokens(&system));
            }
        }
    }

    #[test]
    fn emotes_are_for_twitch_and_its_own_community_only() {
        assert!(Persona::soypetetech().system(Platform::Twitch, false).contains("soypet2Hug"));
        assert!(!Persona::soypetetech().system(Platform::Discord, true).contains("soypet2"));
        assert!(!Persona::neutral("Bob").system(Platform::Twitch, false).contains("soypet2"));
    }

    #[test]
    fn links_are_forbidden_on_twitch_unless_allowed() {
        let persona = Persona::soypetetech();
        assert!(persona.system(Platform::Twitch, false).contains("No links."));
        assert!(!persona.system(Platform::Twitch, true).contains("No links."));
        assert!(persona.system(Platform::Discord, false).contains("Markdown and links are fine"));
    }

    #[test]
    fn the_operators_text_and_a_strange_name_are_taken_as_they_are() {
        let own = Persona::from_text("You are {bot} of {streamer}.\n".to_owned());
        assert!(own.system(Platform::Discord, true).starts_with("You are {bot} of {streamer}.\n"));
        assert!(Persona::neutral("{bot}").system(Platform::Discord, true).starts_with("You are {bot}, the helper"));
    }

    #[test]
    fn naming_all_the_emotes_is_no_leak() {
        let system = Persona::soypetetech().system(Platform::Twitch, false);
        let emotes: Vec<&str> =
            system.split(|c: char| !c.is_alphanumeric()).filter(|word| word.starts_with("soypet2")).collect();
        assert_eq!(emotes.len(), 15);
        assert!(!leaks_system(&emotes.join(", "), &system));
    }
}
