use chrono::DateTime;

use super::*;
use crate::chat::{Author, ChannelKey, Platform, ReplyTo, Role};

/// A line of a viewer on Twitch.
pub(super) fn message(text: &str) -> ChatMessage {
    ChatMessage {
        channel: ChannelKey { platform: Platform::Twitch, platform_channel_id: "streamer".to_owned() },
        platform_message_id: "m1".to_owned(),
        author: Author {
            platform_user_id: "11".to_owned(),
            login: "alice".to_owned(),
            display_name: "Alice".to_owned(),
            kind: AuthorKind::Person,
            role: Role::Viewer,
        },
        text: text.to_owned(),
        sent_at: DateTime::UNIX_EPOCH,
        reply_to: None,
    }
}

fn reply(text: &str, to: &str) -> ChatMessage {
    let reply_to = ReplyTo { platform_message_id: "m0".to_owned(), platform_user_id: to.to_owned() };
    ChatMessage { reply_to: Some(reply_to), ..message(text) }
}

fn hearing(chattiness: Chattiness) -> Hearing {
    Hearing { chattiness, own_thread: false }
}

fn ear() -> Ear {
    Ear { user_ids: vec!["99".to_owned()], ..Ear::new("pedro_bot") }
}

fn asked(text: &str, why: Why) -> Intent {
    Intent::Question(Asked { text: text.to_owned(), why, plan: false })
}

fn decided(message: &ChatMessage) -> Intent {
    decide(message, &ear(), hearing(Chattiness::Questions))
}

#[test]
fn a_line_that_says_the_name_is_a_question() {
    for (text, question) in [
        ("@pedro when is  the stream?", "when is the stream?"),
        ("hey pe\u{200b}dro, why?", "why?"),
        ("who made pedro?", "who made pedro?"),
        ("pedro?", "pedro?"),
        ("@alice pedro knows that", "@alice pedro knows that"),
        ("!!! pedro help", "!!! pedro help"),
    ] {
        assert_eq!(decided(&message(text)), asked(question, Why::Name), "{text:?}");
    }
}

#[test]
fn a_line_that_replies_to_somebody_else_but_says_the_name_is_a_question() {
    assert_eq!(decided(&reply("ask pedro", "12")), asked("ask pedro", Why::Name));
    assert_eq!(decided(&reply("that is right", "12")), Intent::Ignore);
}

#[test]
fn a_reply_to_pedro_is_a_question_without_the_name() {
    for (text, question) in [("and tomorrow?", "and tomorrow?"), ("@pedro_bot and tomorrow?", "and tomorrow?")] {
        assert_eq!(decided(&reply(text, "99")), asked(question, Why::Reply), "{text}");
    }
    assert_eq!(decided(&reply("!title", "99")), Intent::Command(Ok(Command::Title)));
    for text in [" \u{e0000} ", "!foo"] {
        assert_eq!(decided(&reply(text, "99")), Intent::Ignore, "{text:?}");
    }
}

#[test]
fn the_ask_command_is_a_question_and_without_one_tells_its_usage() {
    assert_eq!(decided(&message("!Pedro  who are you?")), asked("who are you?", Why::Command));
    let usage = Usage { command: "pedro", usage: "!pedro question".to_owned() };
    assert_eq!(decided(&message("!pedro")), Intent::Command(Err(usage)));
}

#[test]
fn what_is_not_for_pedro_is_ignored() {
    for text in
        ["", "hello", "when is the stream?", "pedroland", "https://x.dev/pedro", "!hug pedro", "!pedro-foo hi", "!foo"]
    {
        assert_eq!(decided(&message(text)), Intent::Ignore, "{text}");
    }
}

#[test]
fn a_command_that_another_bot_owns_here_does_not_call_pedro() {
    let mut ear = ear();
    ear.renamed.insert("pedro".to_owned(), "ask".to_owned());
    assert_eq!(decide(&message("!pedro why?"), &ear, hearing(Chattiness::Questions)), Intent::Ignore);
    assert_eq!(decide(&message("!ask why?"), &ear, hearing(Chattiness::Questions)), asked("why?", Why::Command));
}

#[test]
fn a_quiet_pedro_takes_commands_only() {
    let decided = |message: &ChatMessage| decide(message, &ear(), hearing(Chattiness::Quiet));
    assert_eq!(decided(&message("hey pedro, why?")), Intent::Ignore);
    assert_eq!(decided(&reply("why?", "99")), Intent::Ignore);
    assert_eq!(decided(&message("!pedro why?")), asked("why?", Why::Command));
    assert_eq!(decided(&message("!help")), Intent::Command(Ok(Command::Help)));
    let named = decide(&message("hey pedro, why?"), &ear(), hearing(Chattiness::Named));
    assert_eq!(named, asked("why?", Why::Name));
}

#[test]
fn pedro_and_other_bots_are_never_answered() {
    type Change = fn(&mut Author);
    let changes: [Change; 4] = [
        |author| author.kind = AuthorKind::Pedro,
        |author| author.kind = AuthorKind::Bot,
        |author| author.platform_user_id = "99".to_owned(),
        |author| author.login = "Nightbot".to_owned(),
    ];
    for change in changes {
        for text in ["hey pedro", "!pedro why?", "!title", "!forgetme"] {
            let mut line = reply(text, "99");
            change(&mut line.author);
            assert_eq!(decided(&line), Intent::Ignore, "{line:?}");
        }
    }
}
