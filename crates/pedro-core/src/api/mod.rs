//! The HTTP API: an outside orchestrator has Pedro make and carry out a plan, or drives the steps one by one.
//!
//! Whoever holds the token asks on a place of its own in each community (platform `http`), which everybody can read:
//! what may not be said in public does not leave through here either.

mod guard;
mod openapi;
mod plans;
mod refusal;
mod steps;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::extract::rejection::JsonRejection;
use axum::routing::{any, get, post};
use axum::{Json, Router, middleware};
use tokio::sync::Semaphore;

use self::guard::Token;
use self::refusal::Refusal;
use crate::chat::{ChannelKey, Platform};
use crate::pedro::{Booted, Pedro};
use crate::places::Place;
use crate::reply::api as say;
use crate::service::config::CommunityFile;
use crate::service::secret::Secret;
use crate::store::StoreError;
use crate::store::channel::Seen;

/// Bytes of a body: eight steps, or eight results, with room to spare.
const LARGEST_BODY: usize = 256 * 1024;

/// Characters of a question, as on Discord.
const LONGEST_QUESTION: usize = 2_000;

/// Steps that run at once; the model's slots decide how many generate.
const STEPS_AT_ONCE: usize = 8;

/// The name of the place where the API asks.
const CHANNEL: &str = "http";

/// What all routes share.
struct Api {
    booted: Booted,
    token: Option<Token>,
    /// Names of the communities; the first is asked where none is named.
    communities: Vec<String>,
    steps: Arc<Semaphore>,
}

/// `/v1/...`. Without a token there is no API, and every route says so; while Pedro is not there yet they say that. Only
/// the description of the API is for everybody.
pub fn routes(booted: Booted, token: Option<&Secret>, communities: &CommunityFile) -> Router {
    let api = Arc::new(Api {
        booted,
        token: token.map(Token::new),
        communities: communities.iter().map(|community| community.name.clone()).collect(),
        steps: Arc::new(Semaphore::new(STEPS_AT_ONCE)),
    });
    Router::new()
        .route("/v1/plans", post(plans::create))
        .route("/v1/plans/{id}", get(plans::show))
        .route("/v1/steps", post(steps::run))
        // The wildcard takes everything but nothing at all.
        .route("/v1/", any(no_such_route))
        .route("/v1/{*rest}", any(no_such_route))
        .method_not_allowed_fallback(async || Refusal::wrong_method())
        // The guard has read the body by then, and counted. Not `layer`: that would be asked for the token of what is not
        // the API's at all.
        .route_layer(DefaultBodyLimit::disable())
        .route_layer(middleware::from_fn_with_state(Arc::clone(&api), guard::check))
        .with_state(api)
        .route("/v1/openapi.json", get(openapi::show))
}

async fn no_such_route() -> Refusal {
    Refusal::not_found(say::no_such_route())
}

/// The API as it describes itself.
#[cfg(test)]
pub(crate) fn description() -> utoipa::openapi::OpenApi {
    openapi::document()
}

/// Opens the places where the API asks, one a community. The communities are known by then.
///
/// # Errors
/// When a statement fails.
pub async fn open_places(pedro: &Pedro, communities: &CommunityFile) -> Result<(), StoreError> {
    for community in communities.iter() {
        pedro.places.open(community, &Seen::public(key(&community.name), CHANNEL)).await?;
    }
    Ok(())
}

fn key(community: &str) -> ChannelKey {
    ChannelKey { platform: Platform::Http, platform_channel_id: format!("{CHANNEL}/{community}") }
}

impl Api {
    fn pedro(&self) -> Result<&Arc<Pedro>, Refusal> {
        self.booted.get().ok_or_else(|| Refusal::unavailable(say::starting()))
    }

    /// Where a community is asked over HTTP.
    fn place(&self, pedro: &Pedro, community: Option<&str>) -> Result<Arc<Place>, Refusal> {
        let wanted = community.or(self.communities.first().map(String::as_str));
        let known = wanted.and_then(|wanted| self.communities.iter().find(|name| *name == wanted));
        let Some(name) = known else { return Err(Refusal::bad(say::unknown_community(&self.communities))) };
        pedro.places.get(&key(name)).ok_or_else(|| Refusal::unavailable(say::starting()))
    }
}

/// The body of a request, or what is wrong with it.
fn read<T>(body: Result<Json<T>, JsonRejection>) -> Result<T, Refusal> {
    match body {
        Ok(Json(body)) => Ok(body),
        Err(JsonRejection::MissingJsonContentType(_)) => Err(Refusal::no_json()),
        Err(JsonRejection::BytesRejection(_)) => Err(Refusal::too_large(LARGEST_BODY)),
        // axum's own words stand before what serde says.
        Err(rejection) => {
            let told = rejection.body_text();
            let why = told.split_once(": ").map_or(told.as_str(), |(_, why)| why);
            Err(Refusal::bad(say::bad_body(why)))
        }
    }
}

/// A text without what no table takes and nobody sees; refused if nothing or too much is left.
fn text(name: &str, given: &str, limit: usize) -> Result<String, Refusal> {
    let text: String = given.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    match text.trim() {
        "" => Err(Refusal::bad(say::no_text(name))),
        text if text.chars().count() > limit => Err(Refusal::bad(say::text_too_long(name, limit))),
        text => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests;
