//! What pages and APIs say, as plain text of a bearable length. Pure.

use scraper::{Html, Node};

use crate::prompt::strip_invisible;

/// Stands at the end of what was cut.
const CUT: char = '…';

/// Elements whose text nobody reads.
const UNREAD: [&str; 7] = ["script", "style", "noscript", "template", "head", "svg", "iframe"];

/// Elements that begin and end a line.
const BLOCKS: [&str; 22] = [
    "address",
    "article",
    "blockquote",
    "br",
    "dd",
    "div",
    "dt",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "p",
    "pre",
    "section",
    "td",
    "tr",
];

/// The text of a page: no tags, no scripts, one line for each block, none of them empty.
pub(super) fn of_html(html: &str) -> String {
    let page = Html::parse_document(html);
    let mut text = String::new();
    // Not by recursion: how deep a page goes is up to whoever wrote it.
    let mut open = vec![page.tree.root()];
    let mut line_ends = Vec::new();
    while let Some(node) = open.pop() {
        while line_ends.last().is_some_and(|depth| *depth > open.len()) {
            line_ends.pop();
            text.push('\n');
        }
        match node.value() {
            Node::Text(piece) => text.push_str(piece),
            Node::Element(element) if UNREAD.contains(&element.name()) => continue,
            Node::Element(element) if BLOCKS.contains(&element.name()) => {
                text.push('\n');
                line_ends.push(open.len());
            }
            _ => {}
        }
        open.extend(node.children().rev());
    }
    lines(&text)
}

/// A piece of text that may hold markup, as search engines send it: `Tom &amp; <b>Jerry</b>`. Text without any is left
/// as it is: `Vec<T>` is no markup.
pub(super) fn of_snippet(snippet: &str) -> String {
    match snippet.contains('&') || snippet.contains("</") || snippet.contains("<br") {
        true => one_line(&of_html(snippet)),
        false => one_line(snippet),
    }
}

/// On one line, without what nobody sees.
pub(super) fn one_line(text: &str) -> String {
    strip_invisible(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Line by line, without empty ones and without what nobody sees.
pub(super) fn lines(text: &str) -> String {
    let shown = strip_invisible(text);
    let lines = shown.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// At most so many characters; what was cut ends in `…`.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().nth(most).is_none() {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    let mut kept = kept.trim_end().to_owned();
    kept.push(CUT);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_becomes_its_text_a_line_for_each_block() {
        let page = "<html><head><title>T</title><style>p{}</style></head><body><h1>Go &amp; Rust</h1>
            <script>alert('x')</script><p>one <b>two</b>\u{200b}\tthree<br>four</p><ul><li>a<li>b</ul>end</body></html>";
        assert_eq!(of_html(page), "Go & Rust\none two three\nfour\na\nb\nend");
        assert_eq!(of_html("no markup"), "no markup");
        assert_eq!(of_html(""), "");
    }

    #[test]
    fn words_of_a_block_do_not_run_into_what_follows_it() {
        assert_eq!(of_html("<div><p>one</p>two<div>three</div>four</div>five"), "one\ntwo\nthree\nfour\nfive");
    }

    #[test]
    fn a_page_of_ten_thousand_levels_is_read() {
        let page = format!("{}deep", "<div>".repeat(10_000));
        assert_eq!(of_html(&page), "deep");
    }

    #[test]
    fn markup_of_a_snippet_is_read_and_text_that_only_looks_like_it_stays() {
        for (snippet, expected) in [
            ("Tom &amp; <b>Jerry</b>", "Tom & Jerry"),
            ("Vec<T> and a < b", "Vec<T> and a < b"),
            ("a\nb\u{7}c", "a bc"),
            ("it&#39;s", "it's"),
        ] {
            assert_eq!(of_snippet(snippet), expected);
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("🦀🦀🦀", 2), "🦀…");
    }
}
