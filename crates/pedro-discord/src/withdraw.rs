//! A thumbs down on an answer takes it back.

use std::sync::Arc;

use pedro_core::chat::{Author, AuthorKind, Role};
use twilight_model::channel::message::EmojiReactionType;
use twilight_model::gateway::GatewayReaction;

use crate::bot::Bot;

/// A thumbs down, in any colour.
const THUMBS_DOWN: char = '👎';

/// Looks at a reaction, in a task of its own.
pub(crate) fn reaction(bot: &Arc<Bot>, reaction: &GatewayReaction) {
    let is_thumbs_down =
        matches!(&reaction.emoji, EmojiReactionType::Unicode { name } if name.starts_with(THUMBS_DOWN));
    if !is_thumbs_down || reaction.user_id == bot.me.user_id {
        return;
    }
    let (bot, reaction) = (Arc::clone(bot), reaction.clone());
    bot.shutdown.clone().spawn("withdrawal", async move {
        let role = match (reaction.guild_id, &reaction.member) {
            (Some(guild), Some(member)) => bot.directory.role(guild, reaction.user_id, &member.roles),
            _ => Role::Viewer,
        };
        let id = reaction.user_id.to_string();
        let by = Author {
            platform_user_id: id.clone(),
            login: id.clone(),
            display_name: id,
            kind: AuthorKind::Person,
            role,
        };
        match bot.pedro.withdraw(&reaction.message_id.to_string(), &by).await {
            Ok(messages) if messages.is_empty() => {}
            Ok(messages) => {
                if let Some(place) = bot.place(reaction.channel_id).await {
                    bot.pedro.cross_out(&place, &messages).await;
                }
            }
            Err(error) => tracing::warn!(%error, "an answer was not taken back"),
        }
    });
}
