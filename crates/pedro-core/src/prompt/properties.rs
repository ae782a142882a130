//! What holds for whatever a model writes before it is said, and for whatever people write before a model reads it.

use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use regex::Regex;
use unicode_segmentation::UnicodeSegmentation;

use super::*;
use crate::chat::Platform;
use crate::testing::cases;

/// What attacks, and what is hard to cut, are made of.
const SCRAPS: &[&str] = &[
    "@everyone",
    "@here",
    "@",
    "＠everyone",
    "every",
    "one",
    "@every",
    "<@1>",
    "<@!12>",
    "<@&3>",
    "<#4>",
    "<",
    ">",
    "<<",
    "/",
    "/ban alice ",
    "!addlink x ",
    ".",
    "!",
    "!!",
    "…",
    "?",
    ", ",
    " ",
    "  ",
    "\n",
    "\n\n",
    "\r\n",
    "\t",
    "\u{0}",
    "\u{1b}[31m",
    "\u{200b}",
    "\u{200d}",
    "\u{feff}",
    "\u{2060}",
    "\u{202e}",
    "\u{2066}",
    "\u{e0041}",
    "\u{e007f}",
    "\u{fe0f}",
    "\u{2800}",
    "\u{301}",
    "\u{300}\u{301}\u{302}",
    "\u{ad}",
    "\u{34f}",
    "\u{115f}",
    "\u{3164}",
    "<think>",
    "</think>",
    "<thinking",
    "<|im_start|>",
    "<|im_end|>",
    "assistant",
    "system",
    "user",
    "\nsystem: ",
    "Pedro:",
    "**Pedro:** ",
    "[INST]",
    "[/INST]",
    "<s>",
    "</s>",
    "<<SYS>>",
    "<|channel|>analysis<|message|>",
    "<|channel|>final<|message|>",
    "<|end|>",
    "<|",
    "|>",
    "[2026-11-20 19:31] ",
    "\"\"\"",
    "```",
    "```rust\n",
    "~~~",
    "`",
    "``",
    "**",
    "*",
    "__",
    "_",
    "~~",
    "||",
    "# ",
    "- ",
    "> ",
    "[a](https://evil.example)",
    "https://evil.example/x ",
    "evil.com",
    "www.x.org",
    "xn--e1afmkfd.xn--p1ai",
    "word ",
    "a longer word ",
    "end. ",
    "Really? ",
    "。",
    "日本語",
    "👩‍💻",
    "👨‍👩‍👧‍👦",
    "🇺🇸",
    "👍🏽",
    "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
    "1️⃣",
    "é",
    "क्षि",
    "각",
    "한",
    "ha",
    "no no no no no no",
    "\\",
    "&lt;@1&gt;",
    "</x:1>",
    "０",
    "：",
    "／ban",
    "ſ",
    "İ",
    "ß",
];

fn scraps() -> impl Strategy<Value = String> {
    vec(select(SCRAPS), 0..60).prop_map(|scraps| scraps.concat())
}

/// Anything that a model may write: what attacks are made of, any characters, and both far too long.
fn output() -> impl Strategy<Value = String> {
    let anything = any::<String>();
    let long = (scraps(), 1..40usize).prop_map(|(scraps, count)| scraps.repeat(count));
    let marks = (
        select(&["a", "👩", "`", "\u{200d}"][..]),
        select(&["\u{301}", "\u{e9}\u{301}", "\u{200d}👩", "\u{1f3fd}"][..]),
        0..600usize,
    )
        .prop_map(|(base, mark, count)| format!("{base}{}", mark.repeat(count)));
    prop_oneof![
        4 => scraps(),
        2 => (scraps(), any::<String>(), scraps()).prop_map(|(before, text, after)| format!("{before}{text}{after}")),
        1 => anything,
        1 => long,
        1 => (scraps(), marks, scraps()).prop_map(|(before, marks, after)| format!("{before}{marks}{after}")),
    ]
}

/// What people write who mean no harm: sentences of any script.
fn plain() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "the",
        "stream",
        "moves",
        "to",
        "Thursday",
        "19:30",
        "because",
        "of",
        "a",
        "meetup",
        "I",
        "think",
        "C#",
        "it's",
        "don't",
        "über",
        "配信",
        "привет",
        "👩‍💻",
        "50%",
        "x86-64",
        "(maybe)",
        "\"yes\"",
        "e.g.",
        "&",
        "+1",
        "@alice",
        "soypet2Love",
        "クラス",
        "{x}",
        "a/b",
    ];
    // Each word once, each sentence with its number: what is said again and again is cut on purpose.
    let sentence = (subsequence(WORDS, 1..12).prop_shuffle(), select(&[".", "!", "?", "…"][..]));
    let sentences = vec(sentence.prop_map(|(words, end)| words.join(" ") + end), 1..60);
    sentences.prop_map(|sentences| {
        let numbered = sentences.iter().enumerate().map(|(number, sentence)| format!("No {number} {sentence}"));
        numbered.collect::<Vec<_>>().join(" ")
    })
}

fn rules(platform: Platform, links_allowed: bool, own_names: &[String]) -> CleanRules<'_> {
    CleanRules { platform, links_allowed, own_names }
}

/// A turn of a conversation with the model; `@system:` is somebody of that name.
static TURN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(^|[^@\w])(system|assistant|user)\s*:").unwrap());
static LINK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)[a-z]://\w|\bwww\.\w|evil\.com\b").unwrap());
static UNSAFE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)<(@[!&]?|#)\d+>|</?think(ing)?\b").unwrap());

/// The first thing in a text that must not be said, told without the code that removes it.
fn unsafe_part(text: &str) -> Option<String> {
    let hidden = |c: char| {
        c.is_control() && c != '\n'
            || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{2800}'
                | '\u{e0000}'..='\u{e002f}' | '\u{e0080}'..='\u{e0fff}')
    };
    if let Some(c) = text.chars().find(|c| hidden(*c)) {
        return Some(format!("{:?}", c));
    }
    // A joiner joins two things that can be seen.
    let chars: Vec<char> = text.chars().collect();
    if chars
        .iter()
        .enumerate()
        .any(|(at, c)| *c == '\u{200d}' && (at == 0 || chars.get(at + 1).is_none_or(|next| next.is_ascii())))
    {
        return Some("a loose joiner".to_owned());
    }
    let lower = text.to_lowercase();
    let forbidden = [
        "@everyone",
        "@here",
        "＠everyone",
        "<|im_",
        "<|user|>",
        "<|system|>",
        "<|end|>",
        "<|channel|>",
        "[inst]",
        "[/inst]",
        "<<sys>>",
        "<s>",
        "</s>",
    ];
    if let Some(bad) = forbidden.iter().find(|bad| lower.contains(**bad)) {
        return Some((*bad).to_owned());
    }
    UNSAFE.find(text).map(|found| found.as_str().to_owned())
}

/// Every end of a piece is an end of a grapheme of the whole. White space was folded, which joins nothing.
fn cuts_no_grapheme(pieces: &[String], text: &str) -> Result<(), TestCaseError> {
    let graphemes: std::collections::HashSet<&str> = text.graphemes(true).collect();
    for grapheme in pieces.iter().flat_map(|piece| piece.graphemes(true)).filter(|found| found.chars().count() > 1) {
        prop_assert!(
            graphemes.contains(grapheme) || grapheme.chars().count() >= 100,
            "{:?} is a part of a grapheme",
            grapheme
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases(300)) })]

    #[test]
    fn whatever_the_model_writes_is_safe_to_be_said_on_twitch(output in output(), links in any::<bool>()) {
        let names = ["Pedro".to_owned()];
        let rules = rules(Platform::Twitch, links, &names);
        let cleaned = clean(&output, &rules);
        prop_assert_eq!(unsafe_part(&cleaned), None, "{:?} became {:?}", output, cleaned);
        prop_assert_eq!(clean(&cleaned, &rules), cleaned.clone(), "not stable");
        prop_assert!(links || !LINK.is_match(&cleaned), "{:?}", cleaned);
        let pieces = split(&cleaned, TWITCH_LIMIT, TWITCH_PARTS);
        prop_assert!(pieces.len() <= TWITCH_PARTS && (pieces.is_empty() == cleaned.is_empty()));
        for piece in &pieces {
            prop_assert!((1..=TWITCH_LIMIT).contains(&piece.chars().count()), "{} characters", piece.chars().count());
            prop_assert!(!piece.starts_with(['/', '.', '!', ' ']), "{:?}", piece);
            prop_assert!(!piece.contains(['\n', '\r']), "{:?}", piece);
            prop_assert_eq!(unsafe_part(piece), None, "{:?}", piece);
        }
        cuts_no_grapheme(&pieces, &format!("{cleaned} …"))?;
    }

    #[test]
    fn whatever_the_model_writes_is_safe_to_be_said_on_discord(output in output()) {
        let rules = rules(Platform::Discord, true, &[]);
        let cleaned = clean(&output, &rules);
        prop_assert_eq!(unsafe_part(&cleaned), None, "{:?} became {:?}", output, cleaned);
        prop_assert_eq!(clean(&cleaned, &rules), cleaned.clone(), "not stable");
        let pieces = split_markdown(&cleaned, DISCORD_LIMIT);
        // Marks that are piled up do not make a flood of messages.
        prop_assert!(pieces.len() <= 2 + cleaned.chars().count() / (DISCORD_LIMIT / 4), "{} pieces", pieces.len());
        for piece in &pieces {
            prop_assert!(piece.chars().count() <= DISCORD_LIMIT && !piece.trim().is_empty(), "{:?}", piece);
            prop_assert_eq!(unsafe_part(piece), None, "{:?}", piece);
        }
        if pieces.len() > 1 {
            for piece in &pieces {
                prop_assert!(piece.matches("```").count().is_multiple_of(2), "a fence is left open in {:?}", piece);
            }
        }
        cuts_no_grapheme(&pieces, &cleaned)?;
    }

    #[test]
    fn any_limit_is_kept_and_code_stays_in_its_fences(text in output(), limit in 80..400usize) {
        let pieces = split_markdown(&text, limit);
        for piece in &pieces {
            prop_assert!(piece.chars().count() <= limit && !piece.trim().is_empty(), "{limit}: {:?}", piece);
            prop_assert!(pieces.len() == 1 || piece.matches("```").count().is_multiple_of(2), "{limit}: a fence is left open in {:?}", pieces);
        }
    }

    #[test]
    fn plain_text_is_said_as_it_was_written(text in plain()) {
        let on_twitch = clean(&text, &rules(Platform::Twitch, true, &[]));
        prop_assert_eq!(&on_twitch, &text);
        prop_assert_eq!(clean(&text, &rules(Platform::Discord, true, &[])), text.clone());
        let bare = |text: &str| text.split_whitespace().collect::<String>();
        let pieces = split(&text, TWITCH_LIMIT, 100);
        prop_assert_eq!(bare(&pieces.concat()), bare(&text));
        prop_assert_eq!(pieces.join(" "), text.clone());
        let pieces = split_markdown(&text, DISCORD_LIMIT);
        prop_assert_eq!(pieces.join(" "), text);
    }

    #[test]
    fn code_is_said_as_it_was_written(lines in vec("[a-z(){}\\[\\]=;/.!@#_* ]{0,60}", 1..200), language in "[a-z]{0,6}") {
        let code = lines.iter().map(|line| format!("x{line}\n")).collect::<String>();
        let text = format!("Look:\n```{language}\n{code}```\nThat was it.");
        let pieces = split_markdown(&text, DISCORD_LIMIT);
        let said: Vec<&str> = pieces.iter().flat_map(|piece| piece.lines()).filter(|line| line.starts_with('x')).collect();
        let written: Vec<&str> = code.lines().map(str::trim_end).collect();
        prop_assert_eq!(said, written);
    }

    #[test]
    fn what_people_write_cannot_leave_its_quote(name in output(), text in output(), limit in 0..500usize) {
        let line = NoteLine { author: name.clone(), sent_at: chrono::DateTime::UNIX_EPOCH, text: text.clone() };
        for quoted in [Quoted::note(&line, chrono_tz::UTC), Quoted::said(&name, &text, limit), Quoted::text(&text, limit)] {
            let read = quoted.as_str();
            prop_assert!(!read.contains(FENCE) && read.lines().count() <= 1, "{:?}", read);
            prop_assert!(read.chars().count() <= limit.max(LINE_LIMIT), "{:?}", read);
            let lower = read.to_lowercase();
            for bad in ["<|", "[inst]", "[/inst]", "<<sys>>", "<think>", "</think>", "###"] {
                prop_assert!(!lower.contains(bad), "{} in {:?}", bad, read);
            }
            prop_assert!(!TURN.is_match(&lower), "{:?}", read);
            prop_assert!(!read.chars().any(|c| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{200b}' | '\u{2066}'..='\u{2069}')), "{:?}", read);
        }
        let block = fence([&Quoted::text(&text, limit), &Quoted::said(&name, &text, limit)]);
        prop_assert_eq!(block.lines().filter(|line| *line == FENCE).count(), 2);
        prop_assert_eq!(block.matches(FENCE).count(), 2);
    }

    #[test]
    fn looking_for_a_leak_never_fails_and_finds_every_twelve_words(words in vec("[a-z]{1,8}", 12..60), from in any::<usize>(), noise in scraps()) {
        let system = words.join(" ");
        let from = from % (words.len() - 11);
        let told = words[from..from + 12].join(", ").to_uppercase();
        prop_assert!(leaks_system(&format!("{noise} {told} {noise}"), &system), "{told}");
        let fewer = words[from..from + 11].join(" ");
        prop_assert!(!leaks_system(&fewer, &system));
    }
}
