//! Why a generation failed, and how langchain-rust's errors become that.

use async_openai::error::OpenAIError;
use langchain_rust::language_models::LLMError;
use serde_json::Value;

/// Why there is no text, named by what the caller should do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LlmError {
    /// The deadline passed while the server worked.
    #[error("the model took too long")]
    Timeout,
    /// The text began and then nothing more came.
    #[error("the model stopped in the middle")]
    Stalled,
    /// Nobody there, the connection broke, or the server failed.
    #[error("the model server is not available{}", told(*status))]
    Unavailable {
        /// The HTTP status, if there was an answer at all.
        status: Option<u16>,
    },
    /// The server is there and still reading its model.
    #[error("the model server is still loading its model")]
    Loading,
    /// The server does not want this request: asking again will not help.
    #[error("the model server refused the request (status {status})")]
    Refused {
        /// The HTTP status, 400 to 499.
        status: u16,
    },
    /// The answer had no text.
    #[error("the model wrote nothing")]
    Empty,
    /// The server's answer was not what an OpenAI-compatible server says.
    #[error("the model server's answer was not understood")]
    Invalid,
}

fn told(status: Option<u16>) -> String {
    status.map_or_else(String::new, |status| format!(" (status {status})"))
}

impl LlmError {
    /// Whether the same request may succeed later.
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::Timeout | Self::Stalled | Self::Unavailable { .. } | Self::Loading)
    }

    /// The name in `pedro_model_failures_total`.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Stalled => "stalled",
            Self::Unavailable { .. } => "unavailable",
            Self::Loading => "loading",
            Self::Refused { .. } => "refused",
            Self::Empty => "empty",
            Self::Invalid => "invalid",
        }
    }

    /// Every [`LlmError::reason`], so that their metrics can start at zero.
    pub const REASONS: [&'static str; 7] =
        ["timeout", "stalled", "unavailable", "loading", "refused", "empty", "invalid"];

    /// What an HTTP status and the text with it mean.
    pub(crate) fn from_status(status: u16, text: &str) -> Self {
        match status {
            // llama.cpp says so while it reads the model; a proxy without a backend says 503 and something else.
            503 if text.to_lowercase().contains("loading") => Self::Loading,
            408 | 429 | 500.. => Self::Unavailable { status: Some(status) },
            400..500 => Self::Refused { status },
            _ => Self::Invalid,
        }
    }

    pub(super) fn from_langchain(err: &LLMError) -> Self {
        match err {
            LLMError::OpenAIError(err) => Self::from_openai(err),
            LLMError::RequestError(err) => Self::from_reqwest(err),
            LLMError::Timeout(_) => Self::Timeout,
            LLMError::IoError(_) => Self::Unavailable { status: None },
            _ => Self::Invalid,
        }
    }

    fn from_openai(err: &OpenAIError) -> Self {
        match err {
            OpenAIError::Reqwest(err) => Self::from_reqwest(err),
            OpenAIError::ApiError(err) => Self::from_status(err.status_code.as_u16(), &err.api_error.message),
            // An error object in llama.cpp's spelling (a number as `code`) does not fit OpenAI's and ends up here.
            OpenAIError::JSONDeserialize(_, body) => Self::from_error_object(body),
            // The connection broke inside the event stream.
            OpenAIError::StreamError(_) => Self::Unavailable { status: None },
            _ => Self::Invalid,
        }
    }

    fn from_error_object(body: &str) -> Self {
        let object: Value = serde_json::from_str(body).unwrap_or_default();
        match object.pointer("/error/code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok()) {
            Some(status) => Self::from_status(status, body),
            None => Self::Invalid,
        }
    }

    fn from_reqwest(err: &reqwest::Error) -> Self {
        match err.status() {
            Some(status) => Self::from_status(status.as_u16(), ""),
            // Also where connecting took too long: the machine is off.
            None if err.is_connect() => Self::Unavailable { status: None },
            None if err.is_timeout() => Self::Timeout,
            None if err.is_builder() || err.is_redirect() => Self::Invalid,
            None => Self::Unavailable { status: None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_what_to_do() {
        for (status, text, expected) in [
            (503, r#"{"error":{"message":"Loading model"}}"#, LlmError::Loading),
            (503, "no backend", LlmError::Unavailable { status: Some(503) }),
            (500, "", LlmError::Unavailable { status: Some(500) }),
            (429, "", LlmError::Unavailable { status: Some(429) }),
            (400, "context too long", LlmError::Refused { status: 400 }),
            (401, "", LlmError::Refused { status: 401 }),
            (302, "", LlmError::Invalid),
        ] {
            assert_eq!(LlmError::from_status(status, text), expected);
        }
    }

    #[test]
    fn an_error_object_inside_the_answer_says_what_to_do() {
        for (body, expected) in [
            (r#"{"error":{"code":400,"message":"too long"}}"#, LlmError::Refused { status: 400 }),
            (r#"{"error":{"code":503,"message":"Loading model"}}"#, LlmError::Loading),
            (r#"{"error":{"code":500,"message":"oh"}}"#, LlmError::Unavailable { status: Some(500) }),
            (r#"{"error":{"code":"x"}}"#, LlmError::Invalid),
            ("<html>", LlmError::Invalid),
        ] {
            assert_eq!(LlmError::from_error_object(body), expected, "{body}");
        }
    }

    #[test]
    fn every_reason_is_listed() {
        let errors = [
            LlmError::Timeout,
            LlmError::Stalled,
            LlmError::Unavailable { status: None },
            LlmError::Loading,
            LlmError::Refused { status: 400 },
            LlmError::Empty,
            LlmError::Invalid,
        ];
        assert_eq!(errors.map(LlmError::reason), LlmError::REASONS);
    }
}
