//! Markdown, which Twitch shows as it is written.

use regex::Captures;

pattern!(CODE_FENCE, r"(?m)(?:```|~~~)(?:[\w+#-]*[ \t]*$)?");
pattern!(LINK, r"!?\[([^\[\]\n]*)\]\(\s*<?([^()\s<>]*(?:\([^()\s]*\)[^()\s<>]*)*)>?[^()\n]*\)");
pattern!(LINE_START, r"(?m)^[ \t]*(?:(?:[-*+•>]|#{1,6})[ \t]+)+");
pattern!(RULE, r"(?m)^[ \t]*(?:-{3,}|\*{3,}|_{3,}|={3,})[ \t]*$");
pattern!(BOLD, r"(^|[^\w*])\*{2,3}([^\s*](?:[^\n]*?[^\s*])?)\*{2,3}($|[^\w*])");
pattern!(ITALIC, r"(^|[^\w*])\*([^\s*](?:[^*\n]*[^\s*])?)\*($|[^\w*])");
pattern!(UNDERLINE, r"(^|[^\w])_{1,3}([^\s_](?:[^\n]*?[^\s_])?)_{1,3}($|[^\w])");
pattern!(STRIKE, r"~~([^\s~](?:[^~\n]*[^\s~])?)~~");
pattern!(SPOILER, r"\|\|([^\s|](?:[^|\n]*[^\s|])?)\|\|");
pattern!(ESCAPE, r"\\([*_~#|\[\]-])");
pattern!(LEFT_OVER_BOLD, r"(^|\s)\*\*|\*\*($|\s)");

/// The text without Markdown's marks; `[a](b)` becomes `a b`.
pub(super) fn without_markdown(text: &str) -> String {
    let text = CODE_FENCE.replace_all(text, "").replace('`', "");
    let text = LINK.replace_all(&text, link);
    let text = RULE.replace_all(&text, "");
    let text = LINE_START.replace_all(&text, "");
    let text = BOLD.replace_all(&text, "$1$2$3");
    let text = ITALIC.replace_all(&text, "$1$2$3");
    let text = UNDERLINE.replace_all(&text, "$1$2$3");
    let text = STRIKE.replace_all(&text, "$1");
    let text = SPOILER.replace_all(&text, "$1");
    let text = LEFT_OVER_BOLD.replace_all(&text, "$1$2");
    ESCAPE.replace_all(&text, "$1").into_owned()
}

fn link(found: &Captures<'_>) -> String {
    let (name, target) = (found[1].trim(), found[2].trim());
    if name == target || target.is_empty() { name.to_owned() } else { format!("{name} {target}").trim().to_owned() }
}
