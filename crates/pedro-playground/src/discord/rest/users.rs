//! Who the bot is, where the gateway is, and direct messages.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::{Answer, Ids};
use crate::discord::Discord;
use crate::discord::failure::Failure;
use crate::discord::form::Payload;
use crate::discord::gateway::host;
use crate::discord::handshake::gateway_url;
use crate::discord::snowflake::Snowflake;
use crate::discord::world::World;

/// Sign-ins a bot has in a day, and how many at once.
const SIGN_INS: u64 = 1_000;
const SIGN_INS_AT_ONCE: u64 = 16;
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

pub(super) async fn gateway(headers: HeaderMap) -> Json<Value> {
    Json(json!({ "url": gateway_url(&host(&headers)) }))
}

pub(super) async fn gateway_bot(State(discord): State<Discord>, headers: HeaderMap) -> Json<Value> {
    let (shards, identifies) = discord.read(|world| (world.gateway.recommended_shards, world.gateway.identifies));
    Json(json!({
        "url": gateway_url(&host(&headers)), "shards": shards,
        "session_start_limit": {
            "total": SIGN_INS, "remaining": SIGN_INS.saturating_sub(identifies), "reset_after": DAY_MS,
            "max_concurrency": SIGN_INS_AT_ONCE,
        },
    }))
}

pub(super) async fn me(State(discord): State<Discord>) -> Json<Value> {
    Json(discord.read(World::current_user))
}

pub(super) async fn user(State(discord): State<Discord>, Ids(user): Ids<Snowflake>) -> Answer {
    let user = discord.read(|world| world.people.by_id(user).map(|user| user.json()));
    user.map(Json).ok_or(Failure::UNKNOWN_USER)
}

pub(super) async fn application(State(discord): State<Discord>) -> Json<Value> {
    Json(discord.read(|world| {
        let bot = world.people.by_id(world.bot.id).map(|user| user.json());
        json!({
            "id": world.bot.application, "name": world.bot.name, "icon": null, "description": "", "summary": "",
            "type": null, "bot": bot, "bot_public": true, "bot_require_code_grant": false,
            "verify_key": "0".repeat(64), "flags": world.application_flags(), "hook": true, "team": null,
            "owner": bot, "approximate_guild_count": world.guilds.len(), "redirect_uris": [],
            "interactions_endpoint_url": null, "integration_types_config": { "0": {} },
        })
    }))
}

pub(super) async fn open_dm(State(discord): State<Discord>, payload: Payload) -> Answer {
    let recipient = payload.fields["recipient_id"].as_str().and_then(|id| id.parse().ok());
    discord.update(|world| {
        let user = recipient.and_then(|id| world.people.by_id(id)).filter(|user| !user.bot);
        let invalid = Failure::new(StatusCode::BAD_REQUEST, 50_033, "Invalid Recipient(s)");
        let name = user.map(|user| user.name.clone()).ok_or(invalid)?;
        let channel = world.open_dm(&name);
        let channel = world.channels.get(&channel).ok_or(Failure::UNKNOWN_CHANNEL)?;
        Ok(Json(world.channel_json(channel)))
    })
}
