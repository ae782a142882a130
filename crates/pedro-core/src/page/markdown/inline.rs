//! What marks words inside a line.

use serde::Serialize;
use url::Url;

/// Deeper nesting than anybody writes.
const DEEPEST: u8 = 4;
/// Longer labels than anybody writes.
const LABEL_LIMIT: usize = 300;
/// Characters that a backslash makes plain.
const ESCAPABLE: &str = "\\`*_~[]()<>#|-.!";

/// Words that look the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(in crate::page) struct Run {
    pub(in crate::page) text: String,
    #[serde(skip_serializing_if = "is_false")]
    pub(in crate::page) bold: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(in crate::page) italic: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(in crate::page) code: bool,
    /// Where the words lead: http or https.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::page) url: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// The address, if it is one that a page may lead to: of the web, and without a name that hides the host.
pub(in crate::page) fn web_address(text: &str) -> Option<String> {
    let url = Url::parse(text.trim()).ok()?;
    let web = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    web.then(|| url.into())
}

/// Reads one line.
pub(super) fn runs(text: &str) -> Vec<Run> {
    let mut runs = Vec::new();
    read(text, &Run::default(), 0, &mut runs);
    runs
}

/// Reads `text`, whose words look like `style` where nothing else marks them.
fn read(text: &str, style: &Run, depth: u8, runs: &mut Vec<Run>) {
    let mut rest = text;
    let mut before = None;
    while let Some(next) = rest.chars().next() {
        let found = if depth < DEEPEST { marked(rest, before, style) } else { None };
        let length = found.as_ref().map_or(next.len_utf8(), |&(_, length)| length);
        match found {
            Some((Mark::Finished(run), _)) => push(runs, run),
            Some((Mark::Styled(inner, style), _)) => read(inner, &style, depth + 1, runs),
            None => push(runs, Run { text: next.to_string(), ..style.clone() }),
        }
        before = rest[..length].chars().next_back();
        rest = &rest[length..];
    }
}

/// Words that look like those before them join them.
fn push(runs: &mut Vec<Run>, run: Run) {
    match runs.last_mut() {
        Some(last) if (last.bold, last.italic, last.code, &last.url) == (run.bold, run.italic, run.code, &run.url) => {
            last.text.push_str(&run.text);
        }
        _ => runs.push(run),
    }
}

/// What a mark makes of the words in it.
enum Mark<'a> {
    Finished(Run),
    /// Other marks may be inside.
    Styled(&'a str, Run),
}

/// The mark that `text` begins with, and how long it is with what is in it.
fn marked<'a>(text: &'a str, before: Option<char>, style: &Run) -> Option<(Mark<'a>, usize)> {
    let inside_word = before.is_some_and(char::is_alphanumeric);
    match text.as_bytes().first()? {
        b'\\' => {
            let escaped = text[1..].chars().next().filter(|next| ESCAPABLE.contains(*next))?;
            Some((Mark::Finished(Run { text: escaped.to_string(), ..style.clone() }), 1 + escaped.len_utf8()))
        }
        b'`' => code(text, style),
        b'*' if text.starts_with("**") => between(text, "**", Run { bold: true, ..style.clone() }),
        b'*' => between(text, "*", Run { italic: true, ..style.clone() }),
        b'_' if inside_word => None,
        b'_' if text.starts_with("__") => between(text, "__", Run { bold: true, ..style.clone() }),
        b'_' => between(text, "_", Run { italic: true, ..style.clone() }),
        b'[' if style.url.is_none() => labelled(text, style),
        b'<' if style.url.is_none() => {
            let (address, _) = text[1..].split_once('>')?;
            let url = web_address(address).filter(|_| !address.contains(char::is_whitespace))?;
            Some((Mark::Finished(Run { text: address.to_owned(), url: Some(url), ..style.clone() }), address.len() + 2))
        }
        b'h' if style.url.is_none() && !inside_word => bare(text, style),
        _ => None,
    }
}

fn code<'a>(text: &'a str, style: &Run) -> Option<(Mark<'a>, usize)> {
    let inner = text.trim_start_matches('`');
    let ticks = &text[..text.len() - inner.len()];
    let end = inner.find(ticks).filter(|&end| end > 0)?;
    let run = Run { text: inner[..end].trim().to_owned(), code: true, ..style.clone() };
    Some((Mark::Finished(run), end + 2 * ticks.len()))
}

/// Words between two of the same mark, which touches them: `2 * 3 * 4` marks nothing.
fn between<'a>(text: &'a str, mark: &str, style: Run) -> Option<(Mark<'a>, usize)> {
    let inner = &text[mark.len()..];
    if inner.starts_with(char::is_whitespace) {
        return None;
    }
    let ends = |&end: &usize| {
        let (words, after) = (&inner[..end], &inner[end + mark.len()..]);
        let touches = !words.is_empty() && !words.ends_with(char::is_whitespace);
        // Of three stars the last two end what is bold, and none of two what is not.
        let alone = !after.starts_with(&mark[..1]) && (mark.len() > 1 || !words.ends_with(mark));
        touches && alone && !(mark.starts_with('_') && after.starts_with(char::is_alphanumeric))
    };
    let mut marks = (0..inner.len()).filter(|&at| inner.as_bytes()[at..].starts_with(mark.as_bytes()));
    let end = marks.find(ends)?;
    Some((Mark::Styled(&inner[..end], style), end + 2 * mark.len()))
}

/// `[label](address)`. With an address that may not be led to, it stays text.
fn labelled<'a>(text: &'a str, style: &Run) -> Option<(Mark<'a>, usize)> {
    let close = closing(text)?;
    let (target, _) = text[close + 1..].strip_prefix('(')?.split_once(')')?;
    let (label, length) = (&text[1..close], close + target.len() + 3);
    let address = target.trim().trim_start_matches('<').trim_end_matches('>');
    let url = web_address(address).filter(|_| !label.is_empty())?;
    Some((Mark::Styled(label, Run { url: Some(url), ..style.clone() }), length))
}

/// Where the bracket ends that the text begins with; `[[1]](address)` is how models cite.
fn closing(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    let closes = |&(_, c): &(usize, char)| {
        match c {
            '[' => open += 1,
            ']' => open -= 1,
            _ => {}
        }
        open == 0
    };
    text.char_indices().take(LABEL_LIMIT).find(closes).map(|(at, _)| at)
}

/// An address among the words. What ends a sentence is not part of it.
fn bare<'a>(text: &'a str, style: &Run) -> Option<(Mark<'a>, usize)> {
    if !text.starts_with("http://") && !text.starts_with("https://") {
        return None;
    }
    let end = text.find(|c: char| c.is_whitespace() || "<>\"`*".contains(c)).unwrap_or(text.len());
    let mut address = text[..end].trim_end_matches(['.', ',', ':', ';', '!', '?', '\'', '_', ']']);
    while address.ends_with(')') && address.matches(')').count() > address.matches('(').count() {
        address = &address[..address.len() - 1];
    }
    let url = web_address(address)?;
    Some((Mark::Finished(Run { text: address.to_owned(), url: Some(url), ..style.clone() }), address.len()))
}
