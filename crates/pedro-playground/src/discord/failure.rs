//! Refusals in the shape Discord gives them.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// A refusal: HTTP's status, Discord's own code, and what it says.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    code: u64,
    message: &'static str,
    errors: Option<Value>,
}

impl Failure {
    pub(super) const UNAUTHORIZED: Self = Self::new(StatusCode::UNAUTHORIZED, 0, "401: Unauthorized");
    pub(super) const NOT_FOUND: Self = Self::new(StatusCode::NOT_FOUND, 0, "404: Not Found");
    pub(super) const METHOD_NOT_ALLOWED: Self = Self::new(StatusCode::METHOD_NOT_ALLOWED, 0, "405: Method Not Allowed");
    pub(super) const UNKNOWN_CHANNEL: Self = Self::new(StatusCode::NOT_FOUND, 10_003, "Unknown Channel");
    pub(super) const UNKNOWN_GUILD: Self = Self::new(StatusCode::NOT_FOUND, 10_004, "Unknown Guild");
    pub(super) const UNKNOWN_MEMBER: Self = Self::new(StatusCode::NOT_FOUND, 10_007, "Unknown Member");
    pub(super) const UNKNOWN_MESSAGE: Self = Self::new(StatusCode::NOT_FOUND, 10_008, "Unknown Message");
    pub(super) const UNKNOWN_USER: Self = Self::new(StatusCode::NOT_FOUND, 10_013, "Unknown User");
    pub(super) const UNKNOWN_WEBHOOK: Self = Self::new(StatusCode::NOT_FOUND, 10_015, "Unknown Webhook");
    pub(super) const UNKNOWN_INTERACTION: Self = Self::new(StatusCode::NOT_FOUND, 10_062, "Unknown interaction");
    pub(super) const UNKNOWN_COMMAND: Self = Self::new(StatusCode::NOT_FOUND, 10_063, "Unknown application command");
    pub(super) const TOO_LARGE: Self = Self::new(StatusCode::PAYLOAD_TOO_LARGE, 40_005, "Request entity too large");
    pub(super) const ACKNOWLEDGED: Self =
        Self::new(StatusCode::BAD_REQUEST, 40_060, "Interaction has already been acknowledged.");
    pub(super) const MISSING_ACCESS: Self = Self::new(StatusCode::FORBIDDEN, 50_001, "Missing Access");
    pub(super) const NOT_THE_AUTHOR: Self =
        Self::new(StatusCode::FORBIDDEN, 50_005, "Cannot edit a message authored by another user");
    pub(super) const EMPTY_MESSAGE: Self = Self::new(StatusCode::BAD_REQUEST, 50_006, "Cannot send an empty message");
    pub(super) const NO_DIRECT_MESSAGES: Self =
        Self::new(StatusCode::FORBIDDEN, 50_007, "Cannot send messages to this user");
    pub(super) const NO_MESSAGES_HERE: Self =
        Self::new(StatusCode::BAD_REQUEST, 50_008, "Cannot send messages in a non-text channel");
    pub(super) const MISSING_PERMISSIONS: Self = Self::new(StatusCode::FORBIDDEN, 50_013, "Missing Permissions");
    pub(super) const BULK_COUNT: Self = Self::new(
        StatusCode::BAD_REQUEST,
        50_016,
        "Provided too few or too many messages to delete. Must provide at least 2 and fewer than 100 messages to delete",
    );
    pub(super) const WRONG_CHANNEL_TYPE: Self =
        Self::new(StatusCode::BAD_REQUEST, 50_024, "Cannot execute action on this channel type");
    pub(super) const INVALID_TOKEN: Self = Self::new(StatusCode::UNAUTHORIZED, 50_027, "Invalid Webhook Token");
    pub(super) const TOO_OLD: Self =
        Self::new(StatusCode::BAD_REQUEST, 50_034, "You can only bulk delete messages that are under 14 days old.");
    pub(super) const NO_FORM: Self = Self::new(StatusCode::BAD_REQUEST, 50_035, "Invalid Form Body");
    pub(super) const ARCHIVED: Self = Self::new(StatusCode::BAD_REQUEST, 50_083, "Thread is archived");
    pub(super) const NO_JSON: Self =
        Self::new(StatusCode::BAD_REQUEST, 50_109, "The request body contains invalid JSON.");
    pub(super) const NO_HISTORY: Self =
        Self::new(StatusCode::FORBIDDEN, 160_002, "Cannot reply without permission to read message history");
    pub(super) const HAS_THREAD: Self =
        Self::new(StatusCode::BAD_REQUEST, 160_004, "A thread has already been created for this message");
    pub(super) const LOCKED: Self = Self::new(StatusCode::FORBIDDEN, 160_005, "Thread is locked");

    pub(super) const fn new(status: StatusCode, code: u64, message: &'static str) -> Self {
        Self { status, code, message, errors: None }
    }

    /// One field of a request is wrong.
    pub(super) fn field(path: &str, code: &str, message: &str) -> Self {
        let mut problems = Problems::default();
        problems.add(path, code, message);
        problems.into_failure()
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut body = json!({ "message": self.message, "code": self.code });
        if let Some(errors) = self.errors {
            body["errors"] = errors;
        }
        (self.status, Json(body)).into_response()
    }
}

/// What is wrong with the fields of a request, collected so that all is told at once.
#[derive(Debug, Default)]
pub(super) struct Problems(Map<String, Value>);

impl Problems {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Notes that the field at `path` (`embeds.0.title`; empty: the request as a whole) is wrong.
    pub(super) fn add(&mut self, path: &str, code: &str, message: &str) {
        let mut place = &mut self.0;
        for key in path.split('.').filter(|key| !key.is_empty()) {
            let inner = place.entry(key).or_insert_with(|| json!({}));
            let Value::Object(inner) = inner else { return };
            place = inner;
        }
        let errors = place.entry("_errors").or_insert_with(|| json!([]));
        if let Value::Array(errors) = errors {
            errors.push(json!({ "code": code, "message": message }));
        }
    }

    pub(super) fn required(&mut self, path: &str) {
        self.add(path, "BASE_TYPE_REQUIRED", "This field is required");
    }

    pub(super) fn too_long(&mut self, path: &str, most: usize) {
        self.add(path, "BASE_TYPE_BAD_LENGTH", &format!("Must be {most} or fewer in length."));
    }

    /// Notes a text or list whose length is outside the bounds.
    pub(super) fn check_length(&mut self, path: &str, length: usize, least: usize, most: usize) {
        if least == 0 && length > most {
            self.too_long(path, most);
        } else if length < least || length > most {
            let message = format!("Must be between {least} and {most} in length.");
            self.add(path, "BASE_TYPE_BAD_LENGTH", &message);
        }
    }

    pub(super) fn into_failure(self) -> Failure {
        let errors = Some(Value::Object(self.0));
        Failure { errors, ..Failure::new(StatusCode::BAD_REQUEST, 50_035, "Invalid Form Body") }
    }

    /// The failure, if anything is wrong.
    pub(super) fn check(self) -> Result<(), Failure> {
        if self.is_empty() { Ok(()) } else { Err(self.into_failure()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_lie_where_their_fields_do() {
        let mut problems = Problems::default();
        assert!(problems.is_empty());
        problems.check_length("content", 2_001, 0, 2_000);
        problems.check_length("embeds.0.title", 0, 1, 256);
        problems.check_length("fine", 5, 1, 5);
        let errors = Value::Object(problems.0);
        assert_eq!(errors["content"]["_errors"][0]["message"], "Must be 2000 or fewer in length.");
        assert_eq!(errors["embeds"]["0"]["title"]["_errors"][0]["code"], "BASE_TYPE_BAD_LENGTH");
        assert!(errors.get("fine").is_none());
    }
}
