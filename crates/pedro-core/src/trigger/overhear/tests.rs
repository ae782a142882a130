use super::*;
use crate::trigger::tests::message;

fn alone(text: &str) -> Asks {
    asks(text, "alice", &[], &["bob".to_owned(), "dana_codes".to_owned(), "Will".to_owned()])
}

#[test]
fn a_question_to_whoever_reads_is_one_with_and_without_a_question_mark() {
    for text in [
        "when is the stream this week?",
        "does anyone know which keyboard dana got",
        "hi all, how do I install the new compiler",
        "anybody tried the new release?",
        "is there a discord?",
        "where can I learn Go?",
        "what editor do you use?",
        "what's your setup?",
        "my build is broken since noon. any ideas?",
        "Hello! can someone help me with my printer setup",
        "is it possible to run two bots on one account",
        "If I have a server in my LAN, shouldn't the others find it?",
    ] {
        assert_eq!(alone(text), Asks::TheRoom, "{text}");
    }
}

#[test]
fn a_line_that_asks_nothing_is_none() {
    for text in [
        "good evening everybody",
        "hey all, how are you?",
        "I know what you mean",
        "when I try that it fails",
        "what a lovely colour",
        "that is funny, right?",
        "you like that, don't you?",
        "wtf, how does this still work?",
        "who cares?",
        "guess what?",
        "?",
        "what?",
        "https://example.org/?q=where+is+it",
        "",
    ] {
        assert_eq!(alone(text), Asks::Nothing, "{text}");
    }
}

#[test]
fn a_question_that_leans_on_what_was_said_before_or_is_put_to_one_is_not_for_the_room() {
    for text in [
        "how do I do that?",
        "does it help?",
        "did you install the driver?",
        "are you sure about the version?",
        "what should i do ?",
    ] {
        assert_eq!(alone(text), Asks::Something, "{text}");
    }
}

#[test]
fn a_question_to_somebody_else_is_never_one() {
    for text in [
        "@bob when is the stream?",
        "when is the stream @bob?",
        "bob: when is the stream?",
        "bob, when is the stream?",
        "Bob when is the stream?",
        "dana, which keyboard is that?",
        "stranger: where can I learn Go?",
        "<@!123> where can I learn Go?",
        "where can I learn Go, bob?",
    ] {
        assert_eq!(alone(text), Asks::Nothing, "{text}");
    }
    for text in ["@everyone when is the stream?", "question: when is the stream?", "will the stream be on Thursday?"] {
        assert_eq!(alone(text), Asks::TheRoom, "{text}");
    }
}

fn after(lines: &[(&str, &str, u64)]) -> Asks {
    let earlier: Vec<Earlier<'_>> =
        lines.iter().map(|&(who, text, ago)| Earlier { who, text, ago: Duration::from_secs(ago) }).collect();
    let names: Vec<String> = lines.iter().map(|(who, ..)| (*who).to_owned()).collect();
    asks("where is the config file of the server?", "alice", &earlier, &names)
}

#[test]
fn in_the_midst_of_a_talk_of_two_a_question_belongs_to_the_other() {
    let talk = [
        ("alice", "it fails", 40),
        ("bob", "look into the log", 30),
        ("alice", "ok", 20),
        ("bob", "and the config", 10),
    ];
    assert_eq!(after(&talk), Asks::Something);
    assert_eq!(after(&[("bob", "alice you should look into the config file", 10)]), Asks::Something);
    assert_eq!(after(&[("bob", "all good here", 30), ("alice", "bob: thanks, I will do that", 10)]), Asks::Something);
    // Others talk there too, it was long ago, or it was a greeting.
    assert_eq!(
        after(&[("carol", "hello", 40), ("bob", "so", 30), ("alice", "ok", 20), ("bob", "fine", 10)]),
        Asks::TheRoom
    );
    assert_eq!(after(&talk.map(|(who, text, ago)| (who, text, ago + 600))), Asks::TheRoom);
    assert_eq!(after(&[("bob", "hi alice", 10)]), Asks::TheRoom);
    assert_eq!(after(&[]), Asks::TheRoom);
}

#[test]
fn replies_mentions_and_commands_are_not_even_looked_at() {
    let ear = Ear::new("pedro_bot");
    let may = |text: &str| may_be_for_all(&message(text), &ear);
    assert!(may("where can I learn Go?"));
    for text in ["!where can I learn Go?", "@bob where can I learn Go?", "what?", "<@123> what now?"] {
        assert!(!may(text), "{text}");
    }
    let reply_to = crate::chat::ReplyTo { platform_message_id: "m0".to_owned(), platform_user_id: "7".to_owned() };
    let reply = ChatMessage { reply_to: Some(reply_to), ..message("where can I learn Go?") };
    assert!(!may_be_for_all(&reply, &ear));
}
