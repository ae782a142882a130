//! Links in a channel that does not allow them.

use std::borrow::Cow;

use regex::{Captures, Match, Regex};

// Looked for first and by themselves: what only looks like a domain must not hide them (`x@www.host.name`, `é.ab://host`).
pattern!(ADDRESS, r#"(?ix) (?: [a-z][a-z0-9+.-]{0,20}:// | (?: [\w.+-]+@ )? \bwww\. ) [^\s<>"]+ "#);
pattern!(
    DOMAIN,
    r#"(?ix)
    (?: [\w.+-]+@ )? (?P<domain> (?: [\p{L}\p{N}] (?: [\p{L}\p{N}-]* [\p{L}\p{N}] )? \. )+ (?P<end> xn--[a-z0-9-]+ | \p{L}{2,24} ) )
    (?P<path> (?: :\d{1,5} )? (?: [/?\#] [^\s<>"]* )? )
    "#
);

/// Top-level domains that make a link without a path. Not those that are words (`me`, `so`, `in`): people forget the
/// space after a full stop.
const TOP_LEVEL: &str = " com org net edu gov mil int info biz io tv gg dev app ai co xyz ly ee site online shop store blog cloud tech live \
    stream club link click top vip fun page wiki news media games game chat social zone win bet casino porn sex xxx example test local \
    de uk fr es ru cn jp br mx pl nl eu ca au ch se cz pt kr tk ml ga cf gq ";
/// What follows the dot in the names of files and of things made of JavaScript.
const FILES: &str = " js jsx mjs ts tsx go html htm css json yaml yml toml txt csv xml sql php java cpp exe jpg jpeg png gif pdf lock mod sum ";
/// Names that only look like hosts.
const NAMES: [&str; 6] = ["asp.net", "vb.net", "ado.net", "ml.net", "socket.io", "system.io"];

/// Removes links, also bare domains; `node.js` and `e.g.` are none.
pub(super) fn without_links(text: &str) -> String {
    let text = without(text, &ADDRESS, |_, _| true);
    without(&text, &DOMAIN, is_link)
}

/// Removes what is found and `is_link`, by what was found and what follows it.
fn without(text: &str, pattern: &Regex, is_link: impl Fn(&Captures<'_>, &str) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = 0;
    for found in pattern.captures_iter(text) {
        let Some(whole) = found.get(0) else { continue };
        if !is_link(&found, &text[whole.end()..]) {
            continue;
        }
        out.push_str(&text[rest..whole.start()]);
        rest = whole.start() + link_length(whole);
        if drop_brackets(&mut out, &text[rest..]) {
            rest += 1;
        }
        if text[rest..].starts_with(['.', ',', '!', '?', ';', ':']) {
            out.truncate(out.trim_end().len());
        }
    }
    out + &text[rest..]
}

fn is_link(found: &Captures<'_>, after: &str) -> bool {
    let (Some(domain), Some(end), Some(path)) = (found.name("domain"), found.name("end"), found.name("path")) else {
        return false;
    };
    if path.is_empty() && after.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
        return false;
    }
    let (domain, end) = (domain.as_str().to_lowercase(), lower(end));
    let listed = |list: &str| list.contains(&format!(" {end} "));
    !NAMES.contains(&domain.as_str())
        && (listed(TOP_LEVEL) || end.starts_with("xn--") || (!path.is_empty() && !listed(FILES)))
}

fn lower(found: Match<'_>) -> Cow<'_, str> {
    found.as_str().to_lowercase().into()
}

/// The full stop after a link belongs to the sentence.
fn link_length(whole: Match<'_>) -> usize {
    whole.as_str().trim_end_matches(['.', ',', '!', '?', ';', ':', ')', ']', '}', '\'', '*']).len()
}

/// An empty pair of brackets is all that `(https://...)` would leave.
fn drop_brackets(out: &mut String, after: &str) -> bool {
    for (open, close) in [('(', ')'), ('<', '>'), ('[', ']'), ('"', '"')] {
        if out.ends_with(open) && after.starts_with(close) {
            out.pop();
            return true;
        }
    }
    false
}
