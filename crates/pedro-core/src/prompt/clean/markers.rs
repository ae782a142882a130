//! What belongs to the conversation with the model and not to the answer: thinking, tokens, labels; and pings.

use std::borrow::Cow;

use regex::{Captures, Regex};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::prompt::FENCE;

/// Labels are short; a colon further on belongs to the sentence.
const LABEL_LIMIT: usize = 60;
const ROLES: [&str; 5] = ["assistant", "system", "user", "answer", "response"];

pattern!(THOUGHT, r"(?is)<think(?:ing)?\b[^<>]*>.*?</think(?:ing)?\s*>");
pattern!(THOUGHT_BEFORE, r"(?is)^.*</think(?:ing)?\s*>");
pattern!(THOUGHT_UNCLOSED, r"(?is)<think(?:ing)?\b.*$");
pattern!(THOUGHT_END, r"(?i)</think(?:ing)?\b");
// gpt-oss: what comes before the final channel is thinking.
pattern!(CHANNELS, r"(?s)^.*<\|channel\|>\s*final\s*<\|message\|>");
pattern!(ANALYSIS, r"(?s)<\|channel\|>\s*(?:analysis|commentary)\b.*?(?:<\|end\|>|$)");
// The model goes on with a turn that is not its own.
pattern!(
    OTHER_TURN,
    r"(?s)(?:<\|im_start\|>|<\|start_header_id\|>|<start_of_turn>|<\|start\|>)\s*(?:user|system)\b.*$|<\|(?:user|system)\|>[ \t]*\n.*$"
);
pattern!(
    OWN_TURN,
    r"(?:<\|im_start\|>|<\|start_header_id\|>|<start_of_turn>|<\|start\|>)\s*(?:assistant|model|user|system)\b(?:<\|end_header_id\|>)?"
);
pattern!(
    TOKEN,
    r"(?ix) <[|｜] [\w▁/.:\-]{1,40} [|｜]> | <[|｜] [\w▁]{0,40} [|｜]? $ | </?(?:s|bos|eos|pad|unk)> | <(?:start|end)_of_[a-z]+>
    | \[/?(?:inst|sys|system_prompt|available_tools|tool_calls|tool_results)\] | <</?sys>> "
);
// The form of a quoted line, which small models copy.
pattern!(STAMP, r"^\[\d{4}-\d\d-\d\d[^\[\]\n]{0,20}\]");
pattern!(EVERYONE, r"(?i)[@＠﹫]+(everyone|here)");
pattern!(CALLED, r"[@＠﹫]+([\p{L}\p{M}]{4,16})");
pattern!(MENTION, r"<(?:@[!&]?|#)\d+>");

/// Removes `<think>` blocks: closed, unclosed, or with the opening tag left to the template.
pub(super) fn without_thinking(text: &str) -> String {
    let text = THOUGHT.replace_all(text, "");
    let text = THOUGHT_BEFORE.replace(&text, "").into_owned();
    let text = THOUGHT_UNCLOSED.replace(&text, "");
    let text = THOUGHT_END.replace_all(&text, "");
    let text = CHANNELS.replace(&text, "");
    ANALYSIS.replace_all(&text, "").into_owned()
}

/// Removes the special tokens of chat templates, and everything from another's turn on.
pub(super) fn without_tokens(text: &str) -> String {
    let own = match OTHER_TURN.find(text) {
        Some(turn) if !TOKEN.replace_all(&text[..turn.start()], "").trim().is_empty() => &text[..turn.start()],
        _ => text,
    };
    let own = until_stable(&OWN_TURN, own, "");
    let own = until_stable(&TOKEN, &own, "");
    own.trim().trim_start_matches(FENCE).trim_end_matches(FENCE).trim().to_owned()
}

/// Removes `assistant:`, `**Pedro:**` and `[2026-11-20 19:31] pedro:` in front of the answer.
pub(super) fn without_labels(text: &str, own_names: &[String]) -> String {
    let mut rest = text.trim_start();
    loop {
        let unstamped = STAMP.find(rest).map_or(rest, |stamp| rest[stamp.end()..].trim_start());
        let unlabelled = after_label(unstamped, own_names).unwrap_or(unstamped);
        if unlabelled.len() == rest.len() {
            return rest.to_owned();
        }
        rest = unlabelled;
    }
}

fn after_label<'a>(text: &'a str, own_names: &[String]) -> Option<&'a str> {
    let (colon, sign) = text.char_indices().take(LABEL_LIMIT).find(|(_, c)| matches!(c, ':' | '：'))?;
    let decorated = &text[..colon];
    let label = decorated.trim_matches(|c: char| c.is_whitespace() || "*_#@`<>[]".contains(c)).to_lowercase();
    let is_own = own_names.iter().any(|name| name.trim().trim_start_matches('@').to_lowercase() == label);
    if label.is_empty() || !(is_own || ROLES.contains(&label.as_str())) {
        return None;
    }
    let rest = text[colon + sign.len_utf8()..].trim_start();
    let closing = if decorated.trim_start().starts_with(['*', '_', '`']) { ['*', '_', '`'].as_slice() } else { &[] };
    Some(rest.trim_start_matches(closing).trim_start())
}

/// Takes away whatever could ping: `@everyone` keeps its word, mentions of people, roles and channels go.
pub(super) fn without_pings(text: &str) -> String {
    let text = until_stable(&MENTION, &until_stable(&EVERYONE, text, "$1"), "");
    let called =
        |found: &Captures<'_>| if looks_like_all(&found[1]) { found[1].to_owned() } else { found[0].to_owned() };
    CALLED.replace_all(&text, called).into_owned()
}

/// Whether people would read it as a call to everybody. It pings nobody, but they do not know that.
fn looks_like_all(word: &str) -> bool {
    let plain: String =
        word.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).map(latin).collect();
    plain == "everyone" || plain == "here"
}

/// The letter that a Cyrillic or Greek one looks like.
fn latin(letter: char) -> char {
    match letter {
        'е' | 'ε' | 'є' => 'e',
        'о' | 'ο' => 'o',
        'һ' => 'h',
        'у' | 'γ' => 'y',
        'ѵ' | 'ν' => 'v',
        'г' => 'r',
        'п' | 'η' => 'n',
        other => other,
    }
}

fn until_stable(pattern: &Regex, text: &str, replacement: &str) -> String {
    let mut text = text.to_owned();
    while let Cow::Owned(shorter) = pattern.replace_all(&text, replacement) {
        text = shorter;
    }
    text
}
