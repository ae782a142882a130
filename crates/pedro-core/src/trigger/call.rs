//! What a line that calls Pedro asks, without the call: `hey pedro, why?` asks `why?`.
//!
//! Where in doubt the name stays: a question with a name too many is understood, one without its object is not.

use super::address::name_at;
use super::ear::Ear;
use super::line::is_word;

/// Words that may stand before the name of somebody one speaks to.
const GREETINGS: [&str; 16] = [
    "hey", "hi", "hello", "yo", "ok", "okay", "heya", "hiya", "oi", "ey", "hola", "oye", "oiga", "hallo", "olá",
    "salut",
];

/// After these the name was not a call but one of several things.
const CONJUNCTIONS: [&str; 10] = ["and", "or", "vs", "versus", "&", "und", "oder", "y", "e", "et"];

/// After these the name is most likely the subject: `pedro is a bot`. The line is then kept whole, which is never wrong.
const VERBS: [&str; 16] = [
    "is", "isn't", "isnt", "was", "wasn't", "has", "hasn't", "had", "said", "says", "knows", "thinks", "likes",
    "loves", "ist", "es",
];

/// What ends a sentence.
const ENDS: [char; 4] = ['.', '!', '?', '…'];

/// After what the end of a line can be a call.
const BREAKS: [char; 5] = [',', '.', '!', '?', '…'];

/// What a question may begin with besides a word; anything else goes on with the name (`pedro (the bot) is ...`).
const OPENINGS: [char; 10] = ['¿', '¡', '@', '"', '\'', '“', '«', '#', '!', '/'];

/// Words that a mention at the end of a line completes: `who made @pedro?`.
const WANT_OBJECT: [&str; 40] = [
    "a", "about", "and", "are", "as", "ask", "asked", "by", "built", "call", "called", "created", "for", "from",
    "hate", "is", "know", "like", "likes", "love", "loves", "made", "make", "of", "on", "or", "owns", "runs", "tell",
    "than", "thank", "thanks", "the", "to", "use", "uses", "vs", "was", "with", "wrote",
];

/// What may follow a name that is called: `pedro, ...`, `pedro: ...`.
const PAUSES: [char; 7] = [',', ':', ';', '.', '!', '?', '…'];

/// What is asked: the line without the call at its start or end. A line that is nothing but a call is kept whole.
pub(super) fn question(text: &str, ear: &Ear) -> String {
    let mut body = text;
    while let Some(rest) = without_leading_call(body, ear) {
        body = rest;
    }
    let body = without_trailing_call(body, ear).unwrap_or_else(|| body.to_owned());
    if says_something(&body) { body } else { text.to_owned() }
}

fn says_something(text: &str) -> bool {
    text.contains(char::is_alphanumeric)
}

/// `@pedro ...`, `hey pedro, ...`: what follows.
fn without_leading_call<'a>(text: &'a str, ear: &Ear) -> Option<&'a str> {
    let call = after_greeting(text);
    let name = call.strip_prefix('@').unwrap_or(call);
    let rest = &name[name_at(name, 0, ear)?..];
    let after = rest.trim_start_matches(PAUSES);
    let pause = &rest[..rest.len() - after.len()];
    // `pedro's`, `pedro-like`, `pedro:D` and `pedro.dev` are no calls, `pedro,why` is one.
    let is_apart = after.is_empty() || after.starts_with(' ') || pause.ends_with([',', ';', '!', '?']);
    let body = without_dash(after.trim_start());
    let begins = body.is_empty() || body.starts_with(is_word) || body.starts_with(OPENINGS);
    let is_call = name.len() < text.len() || !pause.is_empty();
    (is_apart && begins && !goes_on(body, is_call, pause.is_empty())).then_some(body)
}

/// `pedro - why?`; the dash of a number is kept.
fn without_dash(text: &str) -> &str {
    ["- ", "– ", "— "].into_iter().find_map(|dash| text.strip_prefix(dash)).unwrap_or(text)
}

fn after_greeting(text: &str) -> &str {
    let Some((word, rest)) = text.split_once(' ') else { return text };
    let word = word.trim_end_matches([',', '!', '.']).to_lowercase();
    if GREETINGS.contains(&word.as_str()) { rest } else { text }
}

/// Whether the name is part of the sentence that follows it. With a greeting, an `@` or a pause it is a call, unless it
/// is one of several (`@pedro and @alice ...`).
fn goes_on(body: &str, is_call: bool, is_bare: bool) -> bool {
    let (word, rest) = body.split_once(' ').unwrap_or((body, ""));
    let word = word.to_lowercase().replace('’', "'");
    let joins = is_bare && CONJUNCTIONS.contains(&word.as_str());
    if is_call { joins && rest.starts_with('@') } else { joins || VERBS.contains(&word.as_str()) }
}

/// `..., pedro?`: what comes before, ended as the line was. Without a pause or an `@` before it the name belongs to
/// the sentence (`who made pedro?`).
fn without_trailing_call(text: &str, ear: &Ear) -> Option<String> {
    let body = text.trim_end_matches(|char: char| char.is_whitespace() || ENDS.contains(&char));
    let (at, _) = body.char_indices().find(|(at, _)| name_at(body, *at, ear) == Some(body.len()))?;
    let before = &body[..at];
    let said = before.strip_suffix('@').unwrap_or(before);
    if !said.ends_with([' ', ',']) || !(said.trim_end().ends_with(BREAKS) || is_aside(said, before)) {
        return None;
    }
    let said = said.trim_end_matches([' ', ',']);
    if !says_something(said) {
        return None;
    }
    let end = if said.ends_with(ENDS) { "" } else { text[body.len()..].trim() };
    Some(format!("{said}{end}"))
}

/// `when is it @pedro`: a mention at the end is a call, unless the word before it wants an object.
fn is_aside(said: &str, before: &str) -> bool {
    let word = said.split_whitespace().next_back().unwrap_or_default().to_lowercase();
    before.len() > said.len() && !WANT_OBJECT.contains(&word.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ear() -> Ear {
        let mut ear = Ear::new("pedro_bot");
        ear.names.extend(["@Señor P".to_owned(), "pe-dro".to_owned(), " ".to_owned()]);
        ear
    }

    #[test]
    fn the_call_at_the_start_is_removed() {
        for (line, asked) in [
            ("@pedro when is the stream?", "when is the stream?"),
            ("@pedro_bot, when is the stream?", "when is the stream?"),
            ("@pedro is it live?", "is it live?"),
            ("@pedro and tomorrow?", "and tomorrow?"),
            ("hey pedro, why?", "why?"),
            ("Hey, Pedro! why?", "why?"),
            ("hola @Pedro_Bot: ¿qué tal?", "¿qué tal?"),
            ("pedro what is rust", "what is rust"),
            ("pedro,why?", "why?"),
            ("pedro - why?", "why?"),
            ("pedro... why?", "why?"),
            ("hey pedro is the stream on?", "is the stream on?"),
            ("pedro, is it live?", "is it live?"),
            ("pedro;hi", "hi"),
            ("pedro what is -5 + 3?", "what is -5 + 3?"),
            ("pedro pedro PEDRO why?", "why?"),
            ("@pedro_bot hey pedro why?", "why?"),
            ("señor p, why?", "why?"),
            ("pe-dro why?", "why?"),
        ] {
            assert_eq!(question(line, &ear()), asked, "{line}");
        }
    }

    #[test]
    fn the_call_at_the_end_is_removed() {
        for (line, asked) in [
            ("when is the stream, pedro?", "when is the stream?"),
            ("when is the stream, @pedro_bot ?", "when is the stream?"),
            ("when is the stream? pedro!", "when is the stream?"),
            ("thanks,pedro", "thanks"),
            ("when is the stream @pedro?", "when is the stream?"),
            ("hey pedro, who are you, pedro?!", "who are you?!"),
        ] {
            assert_eq!(question(line, &ear()), asked, "{line}");
        }
    }

    #[test]
    fn a_name_that_belongs_to_the_sentence_stays() {
        for line in [
            "who made pedro?",
            "does pedro know rust?",
            "Pedro's birthday is when?",
            "pedro is a bot, right",
            "pedro and alice, who wins?",
            "@pedro and @alice who wins",
            "pedro-like bots?",
            "what about alice or pedro?",
            "pedro:) hi",
            "who made @pedro_bot?",
            "ask alice, bob and pedro",
            "pedroland, why?",
            "pedro (the bot) is nice",
            "pedro = bot",
            "pedro -5 + 3?",
            "pedro:D hi",
            "pedro.dev is down",
            "thanks @pedro",
        ] {
            assert_eq!(question(line, &ear()), line);
        }
    }

    #[test]
    fn a_line_that_is_only_a_call_is_kept_whole() {
        for line in [
            "pedro?",
            "@pedro_bot",
            "hey pedro!!",
            "hey, pedro",
            "pedro ❤️",
            "pedro ???",
            "pedro, pedro",
            "pedro pedro",
        ] {
            assert_eq!(question(line, &ear()), line);
        }
    }
}
