//! Why a request is not granted: a status for programs and a sentence for people.

use axum::Json;
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::plan::Problem;
use crate::reply::api as say;
use crate::store::StoreError;

/// A request that is not granted.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    error: ErrorView,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ErrorView {
    /// A plain sentence.
    message: String,
    /// What is wrong with a plan or a step, one sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<String>,
}

/// The body of every answer that is not 2xx.
#[derive(Serialize, ToSchema)]
pub(super) struct ErrorBody {
    error: ErrorView,
}

impl Refusal {
    fn new(status: StatusCode, message: String) -> Self {
        Self { status, error: ErrorView { message, problems: Vec::new() } }
    }

    /// The request is wrong.
    pub(super) fn bad(message: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// The steps are wrong, for these reasons.
    pub(super) fn broken(message: String, problems: &[Problem]) -> Self {
        let problems = problems.iter().map(Problem::to_string).collect();
        Self { status: StatusCode::BAD_REQUEST, error: ErrorView { message, problems } }
    }

    /// The caller does not show the right token.
    pub(super) fn stranger(message: String) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, message)
    }

    pub(super) fn not_found(message: String) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    pub(super) fn wrong_method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, say::wrong_method())
    }

    pub(super) fn no_json() -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, say::no_json())
    }

    pub(super) fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, say::too_slow())
    }

    pub(super) fn too_large(limit: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, say::too_large(limit))
    }

    /// Later it may be granted.
    pub(super) fn too_many(message: String) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, message)
    }

    /// Nobody's fault; later it works.
    pub(super) fn unavailable(message: String) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "a request to the API was not granted");
        Self::unavailable(say::did_not_work())
    }
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        StoreError::from(error).into()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(ErrorBody { error: self.error })).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
