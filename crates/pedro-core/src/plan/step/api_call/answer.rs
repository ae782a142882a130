//! What an API answered, as text that a model can read. Pure.

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::CallError;
use crate::plan::step::{http, text};
use crate::service::secret::Secret;

/// A result is no longer than this.
pub(super) const RESULT_CHARS: usize = 4_000;

/// What is no text, by its type.
const UNREADABLE: [&str; 8] = ["image/", "audio/", "video/", "font/", "octet-stream", "pdf", "zip", "protobuf"];

/// An answer's text: of JSON the part that counts, of a page what stands on it.
pub(super) fn to_text(headers: &HeaderMap, body: &[u8], pointer: Option<&str>) -> Result<String, CallError> {
    if UNREADABLE.iter().any(|kind| http::is_of_type(headers, kind)) {
        return Err(CallError::Unreadable("its answer is no text".to_owned()));
    }
    let body = String::from_utf8_lossy(body);
    let body = body.trim_start_matches('\u{feff}').trim();
    match serde_json::from_str::<Value>(body) {
        Ok(answer) => of_json(&answer, pointer),
        Err(reason) if pointer.is_some() || http::is_of_type(headers, "json") => {
            Err(CallError::Unreadable(format!("its answer is no JSON ({reason})")))
        }
        Err(_) if http::is_of_type(headers, "html") || is_page(body) => Ok(text::of_html(body)),
        Err(_) => Ok(text::lines(body)),
    }
}

fn of_json(answer: &Value, pointer: Option<&str>) -> Result<String, CallError> {
    let part = match pointer {
        Some(pointer) => answer.pointer(pointer).filter(|part| !part.is_null()),
        None => Some(answer),
    };
    match part {
        None => Err(CallError::Unreadable("its answer has nothing where `result` points to".to_owned())),
        Some(Value::String(said)) if is_page(said) => Ok(text::of_html(said)),
        Some(Value::String(said)) => Ok(text::lines(said)),
        Some(part) => Ok(text::one_line(&part.to_string())),
    }
}

fn is_page(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(15).collect::<String>().to_ascii_lowercase();
    start.starts_with("<!doctype html") || start.starts_with("<html")
}

/// The text without a secret in it, however the server wrote it, and not too long.
pub(super) fn presentable(text: &str, secret: Option<&Secret>) -> String {
    text::cut(&scrub(text, secret), RESULT_CHARS)
}

fn scrub(text: &str, secret: Option<&Secret>) -> String {
    let Some(secret) = secret.filter(|secret| !secret.is_empty()) else { return text.to_owned() };
    let plain = secret.expose();
    let json = Value::from(plain).to_string();
    let form: String = url::form_urlencoded::byte_serialize(plain.as_bytes()).collect();
    let written = [plain, json.trim_matches('"'), &form, &form.replace('+', "%20")];
    written.iter().fold(text.to_owned(), |text, secret| text.replace(secret, REDACTED))
}

/// What stands where a secret was.
const REDACTED: &str = "[secret]";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, body: &str, pointer: Option<&str>) -> Result<String, String> {
        let headers = HeaderMap::from_iter([(reqwest::header::CONTENT_TYPE, kind.parse().unwrap())]);
        to_text(&headers, body.as_bytes(), pointer).map_err(|error| error.to_string())
    }

    #[test]
    fn json_is_compact_and_only_the_part_that_counts_is_taken() {
        let body = "{\"now\": {\"temperature\": 3.5, \"text\": \"cold\\nand wet\"}, \"none\": null}";
        for (pointer, expected) in [
            (None, r#"{"none":null,"now":{"temperature":3.5,"text":"cold\nand wet"}}"#),
            (Some("/now/temperature"), "3.5"),
            (Some("/now/text"), "cold\nand wet"),
        ] {
            assert_eq!(read("application/json", body, pointer).unwrap(), expected);
            assert_eq!(read("text/plain", body, pointer).unwrap(), expected);
        }
        for pointer in ["/then", "/none", "/now/text/0"] {
            assert!(read("application/json", body, Some(pointer)).unwrap_err().contains("nothing where"));
        }
        assert!(read("application/json", "{", None).unwrap_err().contains("no JSON"));
    }

    #[test]
    fn pages_become_text_and_text_stays() {
        assert_eq!(read("text/html", "<p>a<b>b</b><script>c</script>", None).unwrap(), "ab");
        assert_eq!(read("text/plain", "<!DOCTYPE html><p>a", None).unwrap(), "a");
        assert_eq!(read("application/json", r#"{"page": "<html><p>a"}"#, Some("/page")).unwrap(), "a");
        assert_eq!(read("text/plain", "a < b\r\n\r\n c\u{0}\u{202e}", None).unwrap(), "a < b\nc");
        assert!(read("image/png", "x", None).is_err());
    }

    #[test]
    fn a_secret_goes_however_it_is_written_and_before_the_text_is_cut() {
        let secret = Secret::new("a\"b c/d");
        for text in ["a\"b c/d", "a\\\"b c/d", "a%22b+c%2Fd", "a%22b%20c%2Fd"] {
            assert_eq!(presentable(&format!("it is {text}!"), Some(&secret)), "it is [secret]!");
        }
        let long = format!("{}hunter2hunter2", "x".repeat(RESULT_CHARS - 5));
        let shown = presentable(&long, Some(&Secret::new("hunter2hunter2")));
        assert!(!shown.contains("hun") && shown.chars().count() == RESULT_CHARS, "{shown}");
    }
}
