//! Text into HTML. Whatever people, models and web pages wrote goes through [`Escaped`].

use std::fmt::{self, Display, Formatter, Write};

use serde::Serialize;

use super::markdown::{Block, Run};

/// A text as it may stand in an element or in a quoted attribute.
#[derive(Debug, Clone, Copy)]
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            // A browser would make something else of it.
            '\0' => f.write_char('\u{fffd}'),
            _ if turns(c) => Ok(()),
            _ => f.write_char(c),
        })
    }
}

/// Characters that begin or end a direction of writing. One that is never ended would turn what we write after it: an
/// element is no border for it. Letters have their own direction without them.
fn turns(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// JSON for our scripts, in which nothing turns the direction of writing.
pub(super) fn json(value: &impl Serialize) -> Result<String, serde_json::Error> {
    // They are never part of JSON itself, and serde does not escape them.
    Ok(serde_json::to_string(value)?.replace(turns, ""))
}

/// JSON for a `<script type="application/json">`: no tag can begin or end in it.
pub(super) fn script_json(value: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(json(value)?.replace('<', "\\u003c"))
}

/// A link that leads out of the page.
pub(super) fn link(url: &str, inner: &impl Display) -> String {
    format!("<a href=\"{}\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">{inner}</a>", Escaped(url))
}

/// Blocks of Markdown.
pub(super) fn blocks(blocks: &[Block]) -> String {
    blocks.iter().map(block).collect()
}

fn block(block: &Block) -> String {
    match block {
        Block::Paragraph { lines } => format!("<p dir=\"auto\">{}</p>\n", joined(lines)),
        Block::Heading { runs } => format!("<h3 dir=\"auto\">{}</h3>\n", runs_of(runs)),
        Block::List { items } => format!("<ul>{}</ul>\n", listed(items)),
        Block::Numbers { from, items } => format!("<ol start=\"{from}\">{}</ol>\n", listed(items)),
        Block::Quote { lines } => format!("<blockquote dir=\"auto\">{}</blockquote>\n", joined(lines)),
        Block::Code { text } => format!("<pre><code>{}</code></pre>\n", Escaped(text)),
    }
}

fn joined(lines: &[Vec<Run>]) -> String {
    lines.iter().map(|runs| runs_of(runs)).collect::<Vec<_>>().join("<br>")
}

fn listed(items: &[Vec<Run>]) -> String {
    items.iter().map(|runs| format!("<li dir=\"auto\">{}</li>", runs_of(runs))).collect()
}

fn runs_of(runs: &[Run]) -> String {
    runs.iter().map(run).collect()
}

fn run(run: &Run) -> String {
    let mut html = Escaped(&run.text).to_string();
    for (marked, tag) in [(run.code, "code"), (run.italic, "em"), (run.bold, "strong")] {
        if marked {
            html = format!("<{tag}>{html}</{tag}>");
        }
    }
    run.url.as_deref().map_or(html.clone(), |url| link(url, &html))
}

#[cfg(test)]
mod tests {
    use super::super::markdown;
    use super::*;

    const HOSTILE: &str = "</script><img src=x onerror=alert(1)>\"'&\0";
    const TURNED: &str = "\u{202e}\u{2067}\u{5e9}\u{200f}";

    #[test]
    fn nothing_that_is_said_becomes_a_tag() {
        let expected = "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;\u{fffd}";
        assert_eq!(Escaped(HOSTILE).to_string(), expected);
        let json = script_json(&[HOSTILE, "<!-- <script>"]).unwrap();
        assert!(!json.contains('<'), "{json}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&json).unwrap(), [HOSTILE, "<!-- <script>"]);
    }

    #[test]
    fn nobody_turns_the_direction_of_what_we_write() {
        assert_eq!(Escaped(TURNED).to_string(), "\u{5e9}\u{200f}");
        assert_eq!(json(&[TURNED]).unwrap(), "[\"\u{5e9}\u{200f}\"]");
    }

    #[test]
    fn an_answer_is_drawn_without_its_tags() {
        let text = "# <b>\n**<i>** `<u>` [<s>](https://x.test/?a=\"<q>\")\n- <li>\n1. one\n> <q>\n```\n<pre>\n```";
        let html = blocks(&markdown::blocks(text));
        let expected = "<h3 dir=\"auto\">&lt;b&gt;</h3>\n\
             <p dir=\"auto\"><strong>&lt;i&gt;</strong> <code>&lt;u&gt;</code> \
             <a href=\"https://x.test/?a=%22%3Cq%3E%22\" \
             target=\"_blank\" rel=\"noopener noreferrer nofollow\">&lt;s&gt;</a></p>\n\
             <ul><li dir=\"auto\">&lt;li&gt;</li></ul>\n<ol start=\"1\"><li dir=\"auto\">one</li></ol>\n\
             <blockquote dir=\"auto\">&lt;q&gt;</blockquote>\n<pre><code>&lt;pre&gt;</code></pre>\n";
        assert_eq!(html, expected);
    }
}
