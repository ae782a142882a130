//! What holds for every line of chat, whoever wrote it.

use std::time::Duration;

use chrono::DateTime;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::chat::{Author, ChannelKey, Platform, ReplyTo, Role};
use crate::testing::cases;

const SCRAPS: &[&str] = &[
    "pedro",
    "Pedro",
    "@pedro_bot",
    "PEDRO,",
    "pédro",
    "p\u{200b}edro",
    "peter",
    " ",
    "  ",
    "\n",
    "\t",
    ",",
    "?",
    "!",
    "!!",
    ".",
    "/",
    "hey ",
    "hi ",
    "what's up ",
    "!pedro",
    "!plan",
    "!links",
    "!title",
    "!titles",
    "!recap",
    "!help",
    "!wrong",
    "!optout",
    "!optin",
    "!forgetme",
    "!retry",
    "!mark",
    "!addlink",
    "!dellink",
    "!teach",
    "=>",
    "!forget",
    "!pedro-agentic-mode",
    "!pedro-chattiness",
    "!pedro-pause",
    "!pedro-stop",
    "!event",
    " on",
    " off",
    " 1",
    " 99999999999999999999",
    " -1",
    " 0",
    " failed",
    "#plan",
    "#multi",
    "http://x.example",
    "replies",
    "[YouTube: bob] ",
    "[YouTube:",
    "]",
    "quiet",
    "\u{301}",
    "\u{200d}",
    "\u{e0000}",
    "\u{202e}",
    "İ",
    "ß",
    "ſ",
    "Ǆ",
    "ﬁ",
    "👩‍💻",
    "日本語",
    "does anybody know ",
    "when is ",
    "where can I ",
    "<@1>",
    "\"\"\"",
    "@",
    "@bob ",
];

fn text() -> impl Strategy<Value = String> {
    let scraps = || vec(select(SCRAPS), 0..20).prop_map(|scraps| scraps.concat());
    let bomb = (
        select(&["a", "é", "!pedro ", "pedro? "][..]),
        select(&["\u{301}", "\u{200d}", "\u{202e}", "(", "a", " "][..]),
        0..600usize,
    );
    prop_oneof![
        4 => scraps(),
        1 => any::<String>(),
        2 => (scraps(), any::<String>(), scraps()).prop_map(|(before, text, after)| format!("{before}{text}{after}")),
        1 => (bomb, scraps()).prop_map(|((base, mark, count), after)| format!("{base}{}{after}", mark.repeat(count))),
    ]
}

fn message() -> impl Strategy<Value = ChatMessage> {
    let who = select(&["7", "99", "restream:youtube:x", ""][..]);
    let kind =
        select(&[AuthorKind::Person, AuthorKind::Person, AuthorKind::Person, AuthorKind::Pedro, AuthorKind::Bot][..]);
    let role = select(&[Role::Viewer, Role::Moderator, Role::Streamer][..]);
    let reply = proptest::option::of(select(&["99", "7", "8", ""][..]));
    (text(), who, ".{0,20}", kind, role, reply).prop_map(|(text, id, name, kind, role, reply)| ChatMessage {
        channel: ChannelKey { platform: Platform::Twitch, platform_channel_id: "room".to_owned() },
        platform_message_id: "m1".to_owned(),
        author: Author { platform_user_id: id.to_owned(), login: name.to_lowercase(), display_name: name, kind, role },
        text,
        sent_at: DateTime::UNIX_EPOCH,
        reply_to: reply.map(|id| ReplyTo { platform_message_id: "m0".to_owned(), platform_user_id: id.to_owned() }),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases(500)) })]

    #[test]
    fn every_line_is_decided_and_a_question_is_never_empty_nor_longer_than_its_line(
        message in message(), chattiness in select(&Chattiness::ALL[..]), own_thread in any::<bool>()
    ) {
        let ear = ear();
        let intent = decide(&message, &ear, Hearing { chattiness, own_thread });
        let is_person = message.author.kind == AuthorKind::Person && !ear.is_pedro(&message.author.platform_user_id);
        match &intent {
            Intent::Ignore => {}
            _ if !is_person => prop_assert!(false, "a bot was heard: {:?}", intent),
            Intent::Command(_) => {
                let visible: String = message.text.chars().filter(|c| !c.is_whitespace()).collect();
                prop_assert!(visible.contains('!'), "no command: {:?}", message.text);
            }
            Intent::Question(asked) => {
                prop_assert!(!asked.text.trim().is_empty() && !asked.text.contains(['\n', '\r']), "{:?}", asked);
                prop_assert!(!asked.text.chars().any(char::is_control), "{:?}", asked);
                let is_own_wording = message.text.to_lowercase().contains("recap");
                prop_assert!(is_own_wording || asked.text.chars().count() <= message.text.chars().count().max(40), "{:?}", asked);
                prop_assert!(chattiness != Chattiness::Quiet || own_thread || asked.why == Why::Command, "{:?}", asked);
            }
        }
        // The same line means the same tomorrow.
        prop_assert_eq!(decide(&message, &ear, Hearing { chattiness, own_thread }), intent);
    }

    #[test]
    fn a_line_that_names_nobody_is_not_for_pedro(words in vec("[b-oq-z]{1,8}", 0..20), end in select(&["", "?", ".", "!"][..])) {
        let text = words.join(" ") + end;
        let hearing = Hearing { chattiness: Chattiness::Questions, own_thread: false };
        prop_assert_eq!(decide(&said(&text), &ear(), hearing), Intent::Ignore);
        let named = format!("{text} pedro, {text}");
        prop_assert!(words.is_empty() || matches!(decide(&said(&named), &ear(), hearing), Intent::Question(_)), "{named}");
    }

    #[test]
    fn a_relayed_line_is_taken_apart_or_left_as_it_is(source in "[A-Za-z:\\[\\] ]{0,12}", name in ".{0,20}", text in text(), mark in select(&["]", "", "] ", " ]"][..])) {
        let line = ChatMessage {
            text: format!("[{source}: {name}{mark}{text}"),
            author: Author { role: Role::Streamer, platform_user_id: "7".to_owned(), ..said("").author },
            ..said("")
        };
        let given_back = relay::unwrap(line.clone(), "7");
        if given_back.author == line.author {
            prop_assert_eq!(&given_back, &line);
        } else {
            prop_assert_eq!(given_back.author.role, Role::Viewer, "a relayed person may do nothing");
            prop_assert!(given_back.author.platform_user_id.starts_with("restream:"), "{:?}", given_back.author);
            prop_assert!(line.text.contains(&given_back.text) && !given_back.text.is_empty());
        }
        prop_assert_eq!(relay::unwrap(line.clone(), "8"), line.clone());
        prop_assert_eq!(relay::unwrap(line.clone(), ""), line);
    }

    #[test]
    fn what_nobody_addressed_is_looked_at_without_a_fault(text in text(), before in vec((text(), "[a-c]", 0..400u64), 0..8), name in text()) {
        let earlier: Vec<overhear::Earlier<'_>> = before
            .iter()
            .map(|(text, who, ago)| overhear::Earlier { who, text, ago: Duration::from_secs(*ago) })
            .collect();
        let names = ["alice".to_owned(), name.clone()];
        let asks = overhear::asks(&text, "a", &earlier, &names);
        prop_assert!(asks == overhear::Asks::Nothing || overhear::is_asking(&text), "{:?}", text);
        // Whether it may be looked at, and what it looks for, is told of any text.
        let _looked = (overhear::may_be_for_all(&said(&text), &ear()), overhear::asks_for(&text, &name), overhear::asks_about_the_stream(&text));
        if let Some(history::History { when: history::When::Hours(hours), .. }) = history::read(&text) {
            prop_assert!(history::HOURS.contains(&hours));
        }
    }

    #[test]
    fn a_bomb_of_any_kind_is_read_in_no_time(unit in select(SCRAPS), count in 1..3_000usize) {
        let text: String = unit.repeat(count).chars().take(4_000).collect();
        let began = std::time::Instant::now();
        let hearing = Hearing { chattiness: Chattiness::Questions, own_thread: false };
        let _intent = decide(&said(&text), &ear(), hearing);
        let _asks = (overhear::asks(&text, "a", &[], &[]), history::read(&text));
        // A quadratic look at 4,000 characters would take as long as this many times over.
        prop_assert!(began.elapsed() < Duration::from_secs(5), "{:?} for {:?}", began.elapsed(), unit);
    }
}

fn said(text: &str) -> ChatMessage {
    super::tests::message(text)
}

fn ear() -> Ear {
    Ear { user_ids: vec!["99".to_owned()], ..Ear::new("pedro_bot") }
}
