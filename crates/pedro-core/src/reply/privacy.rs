//! What Pedro says of what it stores, and of what it is to forget.

use super::called;
use crate::chat::Platform;

/// What is stored of people.
pub fn what_is_stored() -> String {
    "I remember what is said in the channels that I can read: who, where, when and what, so that I can answer from it. \
     I also keep the questions put to me with their answers. Nothing is given to anybody else, and what is said where \
     not everybody can read comes up only there. `/privacy export` gives you everything I have of you, `/privacy forget` \
     deletes it, `/privacy optout` ends the storing, `/privacy optin` begins it again."
        .to_owned()
}

/// The file with everything that is stored of a person.
pub fn exported() -> String {
    "this is everything I have of you. Only you see this message.".to_owned()
}

/// Somebody who opted out of replies asks with a command: silence would look like a failure.
pub fn asked_but_opted_out(platform: Platform) -> String {
    format!("you asked me to leave you alone. {} takes that back, then I answer you.", called(platform, "optin"))
}

/// Nothing of the person is stored from now on.
pub fn opted_out_of_storage(platform: Platform) -> String {
    let (forget, back) = (called(platform, "forgetme"), called(platform, "optin"));
    format!("from now on nothing you write is stored. {forget} removes what I have, {back} takes this back.")
}

/// The person is not answered from now on.
pub fn opted_out_of_replies(platform: Platform) -> String {
    format!("from now on I leave you alone. {} takes this back.", called(platform, "optin"))
}

/// The person is stored and answered again.
pub fn opted_in() -> String {
    "welcome back! From now on I remember what you write, and answer you.".to_owned()
}

/// Everything of the person is gone.
pub fn forgotten(was_something: bool, platform: Platform) -> String {
    match was_something {
        false => "there was nothing of yours to forget.".to_owned(),
        true => format!("done: everything I had of you is gone. {} keeps it that way.", called(platform, "optout")),
    }
}

/// Stands where Pedro said something that was forgotten. It names nobody.
pub fn forgotten_here() -> String {
    "removed: I was asked to forget this.".to_owned()
}

/// What a thread is called whose name was forgotten.
pub fn forgotten_thread() -> String {
    "a forgotten thread".to_owned()
}

/// A line is gone, with what was made from it.
pub fn line_forgotten() -> String {
    "done: I forgot that line, and everything that I made of it.".to_owned()
}

/// The line that was to be forgotten is not known.
pub fn line_unknown() -> String {
    "I have nothing of that line.".to_owned()
}

/// Nothing says which line is to be forgotten.
pub fn forget_what(platform: Platform) -> String {
    let command = match platform {
        Platform::Discord => "!forget".to_owned(),
        _ => called(platform, "forget"),
    };
    format!("write {command} as a reply to the line that I am to forget.")
}
