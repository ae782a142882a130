//! A text in pieces, each of which fits into one message, and what a piece is known by. Pure.

use crate::chat::Platform;
use crate::prompt::{DISCORD_LIMIT, TWITCH_LIMIT, TWITCH_PARTS, harmless, split, split_markdown};
use crate::speech::ReplyTarget;

/// The number of an answer's first piece where another message opens the reply. Discord's 2,000 characters a piece and
/// the model's few hundred tokens never get there.
pub(super) const PIECE_BELOW: usize = 9;

/// What a piece of an answer is known by, however often it is sent. At most 25 characters, as Discord wants.
pub(super) fn nonce(to: &ReplyTarget, round: i32, piece: usize) -> String {
    match round {
        0 => format!("{}-{piece}", to.platform_message_id),
        round => format!("{}-{}{piece}", to.platform_message_id, round % 10),
    }
}

/// A text cut to what the platform takes in one message.
pub(super) fn pieces(platform: Platform, text: &str) -> Vec<String> {
    let text = &harmless(text);
    match platform {
        // Whatever it is: a stream title may begin with another bot's command, or with one of Twitch's.
        Platform::Twitch => {
            split(text.trim_start_matches(|c: char| c.is_whitespace() || "/.!".contains(c)), TWITCH_LIMIT, TWITCH_PARTS)
        }
        Platform::Discord => split_markdown(text, DISCORD_LIMIT),
        _ => vec![text.to_owned()],
    }
}
