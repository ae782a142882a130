//! Twitch's OAuth: what a token is good for, and new tokens.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use super::Twitch;
use super::device::{ASK_EVERY, CODE_LIFETIME, NoToken};
use super::tokens::Issued;

/// The client id of a token that nobody said one for.
const CLIENT_ID: &str = "playground";
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

pub(super) fn router(twitch: Twitch) -> Router {
    Router::new()
        .route("/oauth2/validate", get(validate))
        .route("/oauth2/token", post(token))
        .route("/oauth2/device", post(device))
        .route("/activate", get(activate))
        .with_state(twitch)
}

/// The answer to a request that was told to fail.
fn told_to_fail(twitch: &Twitch) -> Option<Response> {
    let status = twitch.update(|world| world.misbehaviour.oauth_failure())?;
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Some(failure(status, "the playground was told to fail"))
}

async fn validate(State(twitch): State<Twitch>, headers: HeaderMap) -> Response {
    if let Some(failure) = told_to_fail(&twitch) {
        return failure;
    }
    let header = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some(token) = header.strip_prefix("OAuth ").or_else(|| header.strip_prefix("Bearer ")) else {
        return failure(StatusCode::UNAUTHORIZED, "missing authorization token");
    };
    let found = twitch.update(|world| {
        let known = world.tokens.look_up(token, "")?;
        let user = known.login.as_deref().map(|login| world.people.meet(login));
        Some((known, user))
    });
    let Some((known, user)) = found else {
        return failure(StatusCode::UNAUTHORIZED, "invalid access token");
    };
    let client_id = if known.client_id.is_empty() { CLIENT_ID } else { &known.client_id };
    let expires_in = known.expires_in().as_secs();
    let mut answer = json!({ "client_id": client_id, "scopes": known.scopes, "expires_in": expires_in });
    if let Some(user) = user {
        answer["login"] = json!(user.login);
        answer["user_id"] = json!(user.id);
    }
    Json(answer).into_response()
}

/// A token request; Twitch takes it in the body or in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TokenRequest {
    grant_type: String,
    client_id: String,
    client_secret: String,
    refresh_token: String,
    device_code: String,
    scopes: String,
}

impl TokenRequest {
    fn read(query: &str, body: &str) -> Option<Self> {
        let form = if body.is_empty() { query } else { body };
        // A form is written like the query of an address, so that one reader does for both.
        let uri = Uri::builder().path_and_query(format!("/?{form}")).build().ok()?;
        Query::try_from_uri(&uri).ok().map(|Query(request)| request)
    }
}

async fn token(State(twitch): State<Twitch>, uri: Uri, body: String) -> Response {
    if let Some(failure) = told_to_fail(&twitch) {
        return failure;
    }
    let Some(request) = TokenRequest::read(uri.query().unwrap_or_default(), &body) else {
        return failure(StatusCode::BAD_REQUEST, "malformed request");
    };
    if request.client_id.is_empty() {
        return failure(StatusCode::BAD_REQUEST, "missing client id");
    }
    match request.grant_type.as_str() {
        "client_credentials" if request.client_secret.is_empty() => {
            failure(StatusCode::BAD_REQUEST, "missing client secret")
        }
        "client_credentials" => issued(twitch.update(|world| world.tokens.issue_for_app(&request.client_id))),
        "refresh_token" => {
            let new = twitch.update(|world| world.tokens.refresh(&request.refresh_token, &request.client_id));
            new.map_or_else(|| failure(StatusCode::BAD_REQUEST, "Invalid refresh token"), issued)
        }
        DEVICE_CODE => match twitch.update(|world| world.tokens.redeem_device(&request.device_code)) {
            Ok(token) => issued(token),
            Err(NoToken::Pending) => failure(StatusCode::BAD_REQUEST, "authorization_pending"),
            Err(NoToken::Invalid) => failure(StatusCode::BAD_REQUEST, "invalid device code"),
        },
        _ => failure(StatusCode::BAD_REQUEST, "invalid grant type"),
    }
}

/// A program asks for a code to show.
async fn device(State(twitch): State<Twitch>, uri: Uri, headers: HeaderMap, body: String) -> Response {
    if let Some(failure) = told_to_fail(&twitch) {
        return failure;
    }
    let request = TokenRequest::read(uri.query().unwrap_or_default(), &body).unwrap_or_default();
    if request.client_id.is_empty() {
        return failure(StatusCode::BAD_REQUEST, "missing client id");
    }
    let (device_code, user_code) = twitch.update(|world| {
        let codes = world.tokens.begin_device(&request.client_id, &request.scopes);
        world.tell_connections();
        codes
    });
    let host = headers.get("host").and_then(|value| value.to_str().ok()).unwrap_or("localhost");
    Json(json!({
        "device_code": device_code, "user_code": user_code, "expires_in": CODE_LIFETIME.as_secs(),
        "interval": ASK_EVERY.as_secs(), "verification_uri": format!("http://{host}/activate?device-code={user_code}"),
    }))
    .into_response()
}

#[derive(Debug, Deserialize)]
struct Activate {
    #[serde(rename = "device-code")]
    code: String,
}

/// The page behind the address that a program shows. Opening it is consent enough for a stand-in.
async fn activate(State(twitch): State<Twitch>, Query(Activate { code }): Query<Activate>) -> (StatusCode, String) {
    let login = twitch.read(|world| world.tokens.bot_login.clone());
    if twitch.authorize_device(&code, &login) {
        (StatusCode::OK, format!("Done: the program may speak as {login}. You can close this page."))
    } else {
        (StatusCode::NOT_FOUND, "No program waits with this code: it was used, is too old, or was mistyped.".to_owned())
    }
}

fn issued(token: Issued) -> Response {
    let expires_in = token.expires_in.as_secs();
    let mut answer = json!({ "access_token": token.access, "expires_in": expires_in, "token_type": "bearer" });
    if let Some(refresh) = token.refresh {
        answer["refresh_token"] = json!(refresh);
        answer["scope"] = json!(token.scopes);
    }
    Json(answer).into_response()
}

fn failure(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "status": status.as_u16(), "message": message }))).into_response()
}
