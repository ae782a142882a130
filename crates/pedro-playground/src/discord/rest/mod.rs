//! REST: the part of Discord's API (version 10) that a chat bot uses, at `/api/v10`.

mod access;
mod channels;
mod commands;
mod guard;
mod guilds;
mod interactions;
mod messages;
mod payload;
mod reactions;
mod threads;
mod users;

use axum::Json;
use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::Discord;
use super::failure::Failure;
use super::snowflake::Snowflake;
use crate::web::percent;

/// The largest body: ten files, and some room.
const BODY_BYTES: usize = 110 * 1024 * 1024;

type Answer = Result<Json<Value>, Failure>;
/// For what is answered with `204 No Content`.
type Done = Result<StatusCode, Failure>;

pub(super) fn router(discord: Discord, shutdown: CancellationToken) -> Router {
    let guard = guard::Guard { discord: discord.clone(), shutdown };
    Router::new()
        .merge(general())
        .merge(in_channels())
        .merge(for_commands())
        .fallback(async || Failure::NOT_FOUND)
        .method_not_allowed_fallback(async || Failure::METHOD_NOT_ALLOWED)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(from_fn_with_state(guard, guard::guard))
        .with_state(discord)
}

fn general() -> Router<Discord> {
    Router::new()
        .route("/gateway", get(users::gateway))
        .route("/gateway/bot", get(users::gateway_bot))
        .route("/users/@me", get(users::me))
        .route("/users/@me/guilds", get(guilds::mine))
        .route("/users/@me/channels", post(users::open_dm))
        .route("/users/{user}", get(users::user))
        .route("/applications/@me", get(users::application))
        .route("/oauth2/applications/@me", get(users::application))
        .route("/guilds/{guild}", get(guilds::guild))
        .route("/guilds/{guild}/channels", get(guilds::channels))
        .route("/guilds/{guild}/roles", get(guilds::roles))
        .route("/guilds/{guild}/members", get(guilds::members))
        .route("/guilds/{guild}/members/{user}", get(guilds::member))
        .route("/guilds/{guild}/threads/active", get(threads::active))
}

fn in_channels() -> Router<Discord> {
    Router::new()
        .route("/channels/{channel}", get(channels::channel).patch(channels::change).delete(channels::remove))
        .route("/channels/{channel}/typing", post(channels::typing))
        .route("/channels/{channel}/messages", get(messages::list).post(messages::create))
        .route("/channels/{channel}/messages/bulk-delete", post(messages::bulk_delete))
        .route(
            "/channels/{channel}/messages/{message}",
            get(messages::message).patch(messages::edit).delete(messages::remove),
        )
        .route("/channels/{channel}/messages/{message}/reactions/{emoji}", get(reactions::people))
        .route(
            "/channels/{channel}/messages/{message}/reactions/{emoji}/@me",
            put(reactions::add).delete(reactions::remove_own),
        )
        .route("/channels/{channel}/messages/{message}/reactions/{emoji}/{user}", delete(reactions::remove))
        .route("/channels/{channel}/messages/{message}/threads", post(threads::from_message))
        .route("/channels/{channel}/threads", post(threads::create))
        .route("/channels/{channel}/threads/archived/{kind}", get(threads::archived))
        .route("/channels/{channel}/users/@me/threads/archived/private", get(threads::joined_archived))
        .route("/channels/{channel}/thread-members", get(threads::members))
        .route("/channels/{channel}/thread-members/@me", put(threads::join).delete(threads::leave))
        .route(
            "/channels/{channel}/thread-members/{user}",
            get(threads::member).put(threads::add_member).delete(threads::remove_member),
        )
}

fn for_commands() -> Router<Discord> {
    Router::new()
        .route(
            "/applications/{application}/commands",
            get(commands::list).post(commands::create).put(commands::overwrite),
        )
        .route(
            "/applications/{application}/commands/{command}",
            get(commands::command).patch(commands::change).delete(commands::remove),
        )
        .route(
            "/applications/{application}/guilds/{guild}/commands",
            get(commands::list).post(commands::create).put(commands::overwrite),
        )
        .route(
            "/applications/{application}/guilds/{guild}/commands/{command}",
            get(commands::command).patch(commands::change).delete(commands::remove),
        )
        .route("/interactions/{interaction}/{token}/callback", post(interactions::callback))
        .route("/webhooks/{application}/{token}", post(interactions::follow_up))
        .route(
            "/webhooks/{application}/{token}/messages/{message}",
            get(interactions::message).patch(interactions::edit).delete(interactions::remove),
        )
}

/// The ids in a path, refused as Discord refuses what is no id.
struct Ids<T>(T);

impl<T: DeserializeOwned + Send> FromRequestParts<Discord> for Ids<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, discord: &Discord) -> Result<Self, Failure> {
        let ids = Path::from_request_parts(parts, discord).await;
        ids.map(|Path(ids)| Self(ids)).map_err(|error| Failure::field("", "NUMBER_TYPE_COERCE", &error.body_text()))
    }
}

/// A file that came with a message.
pub(super) async fn attachment(
    State(discord): State<Discord>,
    Path((_, id, name)): Path<(Snowflake, Snowflake, String)>,
) -> Response {
    let Some(file) = discord.read(|world| world.file(id).filter(|file| file.name == name).cloned()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kind = file.kind.and_then(|kind| HeaderValue::try_from(kind).ok());
    let name = HeaderValue::try_from(format!("attachment; filename*=UTF-8''{}", percent(&file.name)));
    // Saved, never run: a page must not get at the playground through a file.
    let headers = [
        (header::CONTENT_TYPE, kind.unwrap_or(HeaderValue::from_static("application/octet-stream"))),
        (header::CONTENT_DISPOSITION, name.unwrap_or(HeaderValue::from_static("attachment"))),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, file.bytes).into_response()
}
