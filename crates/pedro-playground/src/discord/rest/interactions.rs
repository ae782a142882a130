//! Answers to interactions: the first one, and what follows with the interaction's token.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::{Answer, Done, Ids};
use crate::discord::Discord;
use crate::discord::failure::Failure;
use crate::discord::form::Payload;
use crate::discord::snowflake::Snowflake;

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    with_response: bool,
}

pub(super) async fn callback(
    State(discord): State<Discord>,
    Ids((interaction, token)): Ids<(Snowflake, String)>,
    Query(wanted): Query<Wanted>,
    payload: Payload,
) -> Result<Response, Failure> {
    let answered = discord.update(|world| world.answer_interaction(interaction, &token, payload))?;
    Ok(if wanted.with_response { Json(answered).into_response() } else { StatusCode::NO_CONTENT.into_response() })
}

pub(super) async fn follow_up(
    State(discord): State<Discord>,
    Ids((application, token)): Ids<(Snowflake, String)>,
    payload: Payload,
) -> Answer {
    discord.update(|world| {
        let id = world.follow_up(application, &token, &payload)?;
        let message = world.messages.get(&id).ok_or(Failure::UNKNOWN_MESSAGE)?;
        Ok(Json(world.message_json(message)))
    })
}

type Named = (Snowflake, String, String);

pub(super) async fn message(State(discord): State<Discord>, Ids((application, token, name)): Ids<Named>) -> Answer {
    discord.read(|world| {
        let id = world.message_by_token(application, &token, &name)?;
        let message = world.messages.get(&id).ok_or(Failure::UNKNOWN_MESSAGE)?;
        Ok(Json(world.message_json(message)))
    })
}

pub(super) async fn edit(
    State(discord): State<Discord>,
    Ids((application, token, name)): Ids<Named>,
    payload: Payload,
) -> Answer {
    discord.update(|world| {
        let id = world.message_by_token(application, &token, &name)?;
        let draft = world.read_draft(&payload)?;
        let message = world.change_by_bot(id, draft)?;
        Ok(Json(world.message_json(&message)))
    })
}

pub(super) async fn remove(State(discord): State<Discord>, Ids((application, token, name)): Ids<Named>) -> Done {
    discord.update(|world| {
        world.delete_by_token(application, &token, &name)?;
        Ok(StatusCode::NO_CONTENT)
    })
}
