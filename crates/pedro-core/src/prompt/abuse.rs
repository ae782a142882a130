//! The shipped part of the deny-list: slurs, sexual and other severe language, by the library `rustrict`. Mild
//! swearing is left to the community's own list.

use rustrict::{CensorStr, Type};

/// Whether a text holds a word that must never be said in anybody's channel.
///
/// The library joins words across blanks and reads digits as letters, so that it takes "Thursday, 19:30" for a slur:
/// it is shown one word at a time, and letters that were spaced out ("s p a m") as the word that they make.
pub fn is_abusive(text: &str) -> bool {
    let mut spaced = String::new();
    for word in text.split_whitespace() {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric() && !"@$*".contains(c));
        if word.chars().count() == 1 {
            spaced.push_str(word);
            continue;
        }
        if is_abusive_word(&std::mem::take(&mut spaced)) || is_abusive_word(word) {
            return true;
        }
    }
    is_abusive_word(&spaced)
}

fn is_abusive_word(word: &str) -> bool {
    let severe =
        Type::SEVERE | (Type::OFFENSIVE & Type::MODERATE_OR_HIGHER) | (Type::SEXUAL & Type::MODERATE_OR_HIGHER);
    // Times, versions and amounts are no words, whatever letters their digits resemble.
    word.chars().filter(|c| c.is_alphabetic()).count() >= 2 && word.is(severe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_say_about_streams_is_no_abuse() {
        for text in [
            "It moved to Thursday, 19:30",
            "The stream is on Tuesday and Thursday at 19:00 Mountain time, see you there!",
            "use Go 1.24.0 and gopls v0.16, or C++20 and C#",
            "assert the class passes, then assess the Scunthorpe analysis in Essex",
            "kill the process with kill -9 and the child dies",
            "my cocktail recipe has a title: Dickens on a shuttlecock",
            "I am a bot, a b c d e f g",
            "damn, that test failed again",
            "the master branch, the slave replica, black list, white list",
            "@alice_x asked about :8080 and node.js; 100% of 3 of 4",
        ] {
            assert!(!is_abusive(text), "{text}");
        }
    }

    #[test]
    fn severe_words_are_abuse_however_they_are_dressed() {
        for text in
            ["fuck you", "you F.U.C.K.E.R", "f u c k you", "what a sh1thead cunt", "go f*ck yourself", "ｆｕｃｋ you"]
        {
            assert!(is_abusive(text), "{text}");
        }
    }
}
