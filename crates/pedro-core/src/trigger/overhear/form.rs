//! How a question is put: by a question mark, by the words that it begins with, and to whom.

use std::sync::LazyLock;

use regex::Regex;

use super::Asks;
use crate::trigger::line::is_word;

/// A question of fewer words leans on what was said before it.
const FEWEST_WORDS: usize = 3;

/// A question that says "that" or "it" and has no more words of its own leans on what was said before it.
const LEANING: usize = 2;

/// What people say before they ask.
static OPENING: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)^(?:(?:hi|hello|hey|heya|hiya|yo|hallo|ok|okay|so|well|and|but|also|then|um+|uh+|hm+|anyway|btw|please|pls|plz|sorry|
            quick\s+question|question|q|guys|folks|@?(?:all|everyone|everybody|here|chat)|there|again|good\s+(?:morning|evening|day|afternoon))
            \b['’]?[\s,:;.!-]*)+",
    )
});

/// Something is asked of whoever knows.
static WHOEVER: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)
        \b(?:can|could|would|will|does|do|did|has|have|is|are|was)\s+(?:any|some)\s?(?:one|1|body)\b
        | ^(?:any|some)\s?(?:one|1|body)\s+(?:here\s+|else\s+|out\s+there\s+)*(?:know|knows|help|have|has|had|got|tried|try|use|uses|used|using|
            familiar|experienced?|able|running|seen|want|wanna|up|who|with|can|could|aware|ever|around)\b
        | \bwho\s+(?:here\s+)?(?:has|have|knows?|can|uses?)\b
        | \bany\s?(?:one|body)\s+(?:know|got\s+an?\s+idea)\b
        | \bany\s+(?:ideas?|suggestions?|recommendations?|tips|advice|clues?|help|way)\b
        | ^can\s+help\s+me\b",
    )
});

/// A sentence begins like this only if it asks, whether or not a question mark follows.
static BEGINNING: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)^(?:
        (?:what|which|who|where|when|why|how)(?:['’]?s|['’]?re|\s+(?:is|are|was|were|do|does|did|can|could|should|will|would|has|have))\b
        | how\s+(?:to|many|much|long|often|about|come)\b
        | what\s+(?:kind|sort|type|version|time|command|package|program|editor|keyboard|language)\b
        | (?:is|are|was)\s+there\b
        | is\s+(?:it|this|that)\s+(?:possible|safe|ok|okay|normal|true)\b
        | (?:can|could|should|may|do|must|will)\s+(?:i|we)\b
        | (?:does|is|are|do|will|can|has|was)\s+(?:the|my|a|an)\b
        | where\s+(?:to|can|do)\b)",
    )
});

/// Asked for no answer.
static RHETORICAL: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)
        (?:,|\s)\s*(?:right|huh|eh|no|yes|ok|okay|yeah|innit|really|yea|y/?n|(?:is|are|was|does|do|did|have|has|wo|ca)n['’]?t\s+(?:it|he|she|they|you|we|i))\s*\?+$
        | ^(?:who\s+cares|why\s+not|guess\s+what|you\s+know\s+what|what\s+the\b|what\s+a\b|wtf|seriously|really|are\s+you\s+(?:kidding|serious)|
            who\s+knows|what\s+else\s+is\s+new|how\s+(?:cool|nice|cute|funny|sad|dare|are\s+(?:you|u|we|things)|r\s+u)|what['’]?s\s+up\b|sup\b|
            how['’]?s\s+(?:it\s+going|everyone|everybody|life)|why\s+would\s+any|how\s+do\s+you\s+(?:do|not)\b|what\s+could\s+(?:possibly\s+)?go\s+wrong|
            ever\s+notice|remember\s+when|don['’]?t\s+you)",
    )
});

/// Asked of one who is there: what they did, want, or mean.
static OF_YOU: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)^(?:(?:do|did|are|were|have|had|has|can|could|will|would|is|was|what|which|why|where|how|when|who)(?:['’]\w+)?\s+(?:\w+\s+){0,2}?)?(?:you|u|ya|your|ur|yours)\b",
    )
});

/// "You" means everybody who reads, or the streamer whom everybody asks.
static OF_ALL: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)\b(?:you\s+(?:guys|all|people|folks)|y['’]?all|any\s+of\s+you|all\s+of\s+you|one\s+of\s+you)\b
        | ^(?:what|which|where|how|when)(?:['’]?s|['’]?re|\s+(?:is|are|do|did))?\s+(?:\w+\s+){0,3}?(?:you|your)\b",
    )
});

/// What it leans on was said before.
static POINTING: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\b(?:(?:that|this|these|those)(?:\s+(?:is|are|was|does|do|did|mean|help|work|works|happen)\b|\W*$)|(?:it|its|tht|them|they|he|she|him|her|one|ones)\b)",
    )
});

/// What is streamed now.
static STREAM: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)\bwhat(?:['’]?s|['’]?re|\s+(?:is|are|was))?\b[^?]*\b(?:
        (?:today['’]?s|this|the|current)\s+(?:stream|title|topic|project|game)
        | (?:stream|streaming|building|coding|playing|making|working\s+on)\s+(?:today|tonight|now|right\s+now|at\s+the\s+moment|here)
        | (?:are|is|r)\s+(?:we|you|u|they|he|she)\s+(?:streaming|building|coding|playing|making|working\s+on|doing)
        | going\s+on\s+(?:here|today|right\s+now))\b",
    )
});

/// Something is looked for that can be given.
static WHERE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)\b(?:where|link|links|url|address|is\s+there|have\s+an?|find|got\s+an?|invite|what(?:['’]?s|\s+is)\s+(?:the|your))\b",
    )
});

/// Words that say nothing of what is asked.
const EMPTY: [&str; 120] = [
    "a",
    "about",
    "all",
    "also",
    "am",
    "an",
    "and",
    "any",
    "anybody",
    "anyone",
    "are",
    "as",
    "at",
    "be",
    "been",
    "but",
    "by",
    "can",
    "could",
    "did",
    "do",
    "does",
    "doing",
    "done",
    "else",
    "ever",
    "for",
    "from",
    "get",
    "getting",
    "give",
    "go",
    "going",
    "good",
    "got",
    "had",
    "has",
    "have",
    "he",
    "help",
    "hello",
    "her",
    "here",
    "hey",
    "hi",
    "him",
    "how",
    "i",
    "idea",
    "ideas",
    "if",
    "im",
    "in",
    "is",
    "it",
    "its",
    "just",
    "kind",
    "know",
    "like",
    "make",
    "me",
    "mean",
    "my",
    "need",
    "no",
    "not",
    "now",
    "of",
    "ok",
    "on",
    "one",
    "or",
    "our",
    "out",
    "please",
    "really",
    "say",
    "she",
    "should",
    "so",
    "some",
    "somebody",
    "someone",
    "something",
    "suggestions",
    "tell",
    "than",
    "that",
    "the",
    "their",
    "them",
    "then",
    "there",
    "these",
    "they",
    "thing",
    "this",
    "those",
    "to",
    "try",
    "up",
    "us",
    "use",
    "was",
    "way",
    "we",
    "were",
    "what",
    "when",
    "where",
    "which",
    "who",
    "why",
    "will",
    "with",
    "would",
    "you",
    "your",
    "yes",
];

fn regex(pattern: &str) -> Regex {
    #[expect(clippy::expect_used, reason = "a constant, compiled in a test")]
    Regex::new(pattern).expect("valid")
}

pub(super) fn is_about_the_stream(text: &str) -> bool {
    STREAM.is_match(text)
}

pub(super) fn looks_for(text: &str) -> bool {
    WHERE.is_match(text)
}

/// More than a word: a line that says less asks nothing that can be understood.
pub(super) fn says_enough(text: &str) -> bool {
    text.split_whitespace().filter(|word| word.contains(is_word)).count() >= 2
}

/// What a line asks by its form alone.
pub(super) fn read(text: &str) -> Asks {
    let mut best = Asks::Nothing;
    for sentence in sentences(text) {
        best = best.max(of_sentence(sentence, text));
    }
    best
}

fn of_sentence(sentence: &str, text: &str) -> Asks {
    let asked = OPENING.replace(sentence.trim_start_matches(['(', '"', '*']), "");
    let asked = asked.trim();
    let is_marked = asked.trim_end_matches(['!', ')', '"', ' ']).ends_with('?');
    let whoever = WHOEVER.is_match(asked);
    let begins = BEGINNING.is_match(asked);
    if !(is_marked || whoever || begins) || RHETORICAL.is_match(asked) || !says_enough(asked) {
        return Asks::Nothing;
    }
    let told = content(text);
    let leans = POINTING.is_match(asked) && content(asked) <= LEANING && content(text) <= LEANING + 2;
    let of_one = OF_YOU.is_match(asked) && !OF_ALL.is_match(asked) && !whoever;
    // "Any ideas?" is about what was told before it on the line.
    let is_long = asked.split_whitespace().count() >= FEWEST_WORDS || (whoever && told > LEANING);
    let is_whole = is_long && told > 0 && !leans;
    // A question mark alone also follows what somebody guesses or wonders.
    let is_asked = whoever || begins || (is_marked && begins_with_a_verb(asked));
    if is_whole && !of_one && is_asked { Asks::TheRoom } else { Asks::Something }
}

/// "is ...?", "does ...?": what only a question mark makes a question.
fn begins_with_a_verb(asked: &str) -> bool {
    const VERBS: [&str; 30] = [
        "is",
        "are",
        "was",
        "were",
        "do",
        "does",
        "did",
        "can",
        "could",
        "should",
        "would",
        "will",
        "has",
        "have",
        "had",
        "isn't",
        "isnt",
        "doesn't",
        "doesnt",
        "what",
        "which",
        "who",
        "where",
        "when",
        "why",
        "how",
        "whats",
        "wheres",
        "shouldn't",
        "in",
    ];
    // "If I have ..., shouldn't it ...?": what is asked may come after what is told.
    let last_clause = asked.rsplit(", ").next().unwrap_or(asked);
    [asked, last_clause].iter().any(|clause| {
        let first = clause.split_whitespace().next().unwrap_or_default().to_lowercase();
        VERBS.contains(&first.trim_end_matches(',').replace('’', "'").as_str())
    })
}

/// Whether a word says nothing of what is asked: "will" begins a question more often than it is somebody.
pub(super) fn says_nothing(word: &str) -> bool {
    EMPTY.contains(&word.to_lowercase().as_str())
}

/// How many words tell what it is about.
fn content(text: &str) -> usize {
    let words = text.split(|char: char| !is_word(char) && !matches!(char, '\'' | '’' | '+' | '#' | '.' | '-'));
    let words = words.map(|word| word.trim_matches(['.', '\'', '-', '’']).to_lowercase());
    words.filter(|word| !word.is_empty() && !EMPTY.contains(&word.as_str())).count()
}

/// The sentences of a line, each with what ends it. A dot within a word ends none.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text.trim();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = end_of_sentence(rest);
        let (sentence, after) = rest.split_at(end);
        rest = after.trim_start();
        Some(sentence.trim())
    })
}

fn end_of_sentence(text: &str) -> usize {
    let is_end = |char: char| matches!(char, '.' | '!' | '?' | '…' | ';');
    for (at, char) in text.char_indices().filter(|(_, char)| is_end(*char)) {
        let after = &text[at + char.len_utf8()..];
        // "??", "?!", ":)" belong to it.
        let tail = after.len() - after.trim_start_matches(is_end).len();
        let next = &after[tail..];
        if next.is_empty() || next.starts_with(' ') {
            return at + char.len_utf8() + tail;
        }
    }
    text.len()
}
