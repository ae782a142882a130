//! Texts as the web writes them: escaped, cut short, with what was looked for marked. Pure.

use super::index::{root, telling};

/// Characters of a page's text that a result shows.
const SNIPPET: usize = 240;

/// A text as it stands in HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#x27;")
}

/// The beginning of a text, not longer than a result shows, ending at a word.
pub(super) fn snippet(text: &str) -> String {
    let Some((end, _)) = text.char_indices().nth(SNIPPET) else { return text.to_owned() };
    let cut = &text[..end];
    let whole = cut.rfind(' ').map_or(cut, |space| &cut[..space]);
    format!("{whole}…")
}

/// A text as HTML, in which the words of the query stand between `open` and `close`.
pub(super) fn marked(text: &str, query: &str, (open, close): (&str, &str)) -> String {
    let wanted = telling(query);
    let mut html = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let is_word = rest.starts_with(char::is_alphanumeric);
        let end = rest.find(|c: char| c.is_alphanumeric() != is_word).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        let part_html = escape(part);
        if is_word && wanted.contains(&root(part)) {
            html.extend([open, &part_html, close]);
        } else {
            html.push_str(&part_html);
        }
        rest = after;
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_looked_for_is_marked_and_everything_else_escaped() {
        let html = marked("Go & the <Gopher>: go's loops", "gophers go loop", ("<b>", "</b>"));
        assert_eq!(html, "<b>Go</b> &amp; the &lt;<b>Gopher</b>&gt;: <b>go</b>&#x27;s <b>loops</b>");
    }

    #[test]
    fn a_snippet_ends_at_a_word() {
        let long = "word ".repeat(100);
        assert!(snippet(&long).ends_with("word…") && snippet(&long).chars().count() <= SNIPPET + 1);
        assert_eq!(snippet("short"), "short");
    }
}
