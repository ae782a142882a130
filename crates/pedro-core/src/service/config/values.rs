//! Reading single values: text in, value or what is wrong with it out.

use std::time::Duration;

use url::Url;

use super::super::secret::shown_url;

/// What a duration looks like, and one that is right.
pub(super) const DURATION: (&str, &str) =
    ("a time above zero and up to a day, with unit s, m or h (none: seconds)", "20m");

/// What the base URL of a server looks like, and one that is right.
pub(super) const BASE_URL: (&str, &str) =
    ("a http:// or https:// URL without user, query or fragment", "http://127.0.0.1:8080");

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Longer values are cut where they are shown.
const SHOWN_CHARS: usize = 60;

/// The value without surrounding white space; an empty variable counts as unset.
pub fn text(value: Option<&String>) -> Option<&str> {
    value.map(|value| value.trim()).filter(|value| !value.is_empty())
}

/// `300`, `300s`, `20m`, `1h30m`: above zero, at most a day. The error says what is wrong.
pub fn parse_duration(value: &str) -> Result<Duration, String> {
    let wrong = || format!("{} is no duration", shown(value));
    let mut total = Duration::ZERO;
    let mut rest = value;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        let unit_length = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, next) = after.split_at(unit_length);
        let number: u32 = number.parse().map_err(|_| wrong())?;
        let unit = match unit {
            "ms" => Duration::from_millis(1),
            "s" => Duration::from_secs(1),
            "m" => Duration::from_secs(60),
            "h" => Duration::from_secs(60 * 60),
            "" if total.is_zero() && next.is_empty() => Duration::from_secs(1),
            _ => return Err(wrong()),
        };
        total = unit.checked_mul(number).and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
        rest = next;
    }
    match total {
        Duration::ZERO => Err(wrong()),
        total if total > DAY => Err(format!("{} is more than a day", shown(value))),
        total => Ok(total),
    }
}

/// A whole number within bounds.
pub(super) fn parse_count(value: &str, bounds: std::ops::RangeInclusive<u32>) -> Result<u32, String> {
    let wrong = || format!("{} is no number from {} to {}", shown(value), bounds.start(), bounds.end());
    value.parse().ok().filter(|count| bounds.contains(count)).ok_or_else(wrong)
}

/// The base URL of a foreign server, with a slash at its end, so that [`Url::join`] adds to its path.
pub(super) fn parse_base_url(value: &str) -> Result<Url, String> {
    let mut url: Url = value.parse().map_err(|reason| format!("{} is no URL ({reason})", shown(value)))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(format!("{} is no http URL", shown(value)));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!("{} carries a user or password, which do not belong in a URL", shown_url(&url)));
    }
    if url.query().is_some() || url.fragment().is_some() {
        url.set_fragment(None);
        return Err(format!("{} carries a query or a fragment", shown_url(&url)));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// The base URL of a server that speaks OpenAI's protocol. Operators write it with and without `/v1`; it is kept without.
pub(super) fn parse_model_url(value: &str) -> Result<Url, String> {
    let mut url = parse_base_url(value)?;
    if let Some(path) = url.path().strip_suffix("v1/").filter(|path| path.ends_with('/')).map(str::to_owned) {
        url.set_path(&path);
    }
    Ok(url)
}

/// A value as it may be shown: quoted, on one line, cut, and not at all if it could hold a password.
pub(super) fn shown(value: &str) -> String {
    if value.contains('@') || value.contains("key=") || value.contains("token=") {
        return "the value".to_owned();
    }
    match value.char_indices().nth(SHOWN_CHARS) {
        Some((cut, _)) => format!("{:?}…", &value[..cut]),
        None => format!("{value:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_and_without_units() {
        let cases = [
            ("300", 300_000),
            ("300s", 300_000),
            ("20m", 1_200_000),
            ("1h30m", 5_400_000),
            ("250ms", 250),
            ("24h", 86_400_000),
        ];
        for (value, milliseconds) in cases {
            assert_eq!(parse_duration(value), Ok(Duration::from_millis(milliseconds)), "{value}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for value in ["soon", "0", "0s", "-5", "5 m", "5d", "m", "1h30", "25h", "99999999999s", "1.5h", "é"] {
            let wrong = parse_duration(value).unwrap_err();
            assert!(wrong.starts_with(&format!("{value:?} is ")), "{wrong}");
        }
    }

    #[test]
    fn a_model_server_is_named_with_and_without_slash_and_version() {
        let cases = [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/"),
            ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/"),
            ("http://127.0.0.1:8080/v1/", "http://127.0.0.1:8080/"),
            ("https://pedro-gpu.tail6fbc5.ts.net", "https://pedro-gpu.tail6fbc5.ts.net/"),
            ("https://example.org/llama/v1", "https://example.org/llama/"),
            ("https://example.org/llamav1", "https://example.org/llamav1/"),
        ];
        for (value, expected) in cases {
            assert_eq!(parse_model_url(value).unwrap().as_str(), expected);
        }
    }

    #[test]
    fn what_is_no_base_url_is_refused_without_showing_a_password() {
        let values = [
            "localhost:8080",
            "127.0.0.1:8080",
            "ftp://example.org",
            "http://",
            "http://pedro:hunter2@example.org",
            "http://pedro:hunter2@exa mple.org",
            "https://example.org/?key=hunter2",
            "https://example.org/#hunter2",
        ];
        for value in values {
            let wrong = parse_base_url(value).unwrap_err();
            assert!(!wrong.contains("hunter2"), "{wrong}");
        }
    }

    #[test]
    fn counts_keep_their_bounds() {
        assert_eq!(parse_count("8", 1..=10), Ok(8));
        for value in ["0", "11", "-1", "1.5", "many"] {
            assert_eq!(parse_count(value, 1..=10), Err(format!("{value:?} is no number from 1 to 10")));
        }
    }

    #[test]
    fn a_long_value_is_cut_between_characters() {
        assert_eq!(shown(&"é".repeat(70)), format!("{:?}…", "é".repeat(60)));
    }
}
