//! What must never be said, told without the code that keeps it from being said.

use anyhow::{Result, ensure};
use pedro_core::chat::Platform;

/// Fails for a text that could do harm where it is said.
pub(crate) fn check(text: &str, platform: Platform) -> Result<()> {
    let limit = if platform == Platform::Twitch { 500 } else { 2_000 };
    ensure!((1..=limit).contains(&text.chars().count()), "{} characters", text.chars().count());
    let hidden = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{ad}' | '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
    };
    ensure!(!text.chars().any(hidden), "something hidden in {text:?}");
    let piled = text.split(|c: char| !matches!(c, '\u{300}'..='\u{36f}')).any(|marks| marks.chars().count() > 40);
    ensure!(!piled, "a pile of marks in {text:?}");
    let lower = text.to_lowercase();
    for ping in ["@everyone", "@here", "<@", "＠everyone"] {
        ensure!(!lower.contains(ping), "{ping} in {text:?}");
    }
    // Letters that look like others ping nobody, but people would think that they do.
    let latin: String = lower
        .chars()
        .map(|c| match c {
            'е' => 'e',
            'о' => 'o',
            'һ' => 'h',
            'ｅ' => 'e',
            'ѵ' => 'v',
            c => c,
        })
        .collect();
    ensure!(!latin.contains("@everyone") && !latin.contains("@here"), "{text:?} looks like a ping");
    for marker in ["<|", "|>", "[inst]", "[/inst]", "<<sys>>", "<think>", "</think>", "</s>", "<s>", "<start_of_turn>"]
    {
        ensure!(!lower.contains(marker), "{marker} in {text:?}");
    }
    ensure!(text.matches("```").count().is_multiple_of(2), "a fence is open in {text:?}");
    if platform == Platform::Twitch {
        ensure!(!text.contains(['\n', '\r']), "two lines: {text:?}");
        ensure!(!text.trim_start().starts_with(['/', '!', '.']), "a command: {text:?}");
    }
    Ok(())
}

/// Whether a text has twelve words in a row of the system message.
pub(crate) fn repeats(text: &str, system: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let plain = text.to_lowercase().replace(['\'', '’', '`'], "");
        plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let (text, system) = (words(text), words(system));
    text.windows(12).any(|said| system.windows(12).any(|run| run == said))
}
