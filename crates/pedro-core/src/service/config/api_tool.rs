//! The APIs that the operator lists in the YAML file, under `api_tools`.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;

use super::api_template::{BodyTemplate, UrlTemplate};
use super::problems::ConfigProblems;
use super::values::shown;
use crate::service::secret::Secret;

/// APIs that are there without being listed.
pub(super) const BUILT_IN: [&str; 3] = ["openai", "duckduckgo", "wikipedia"];

/// What a step of a plan is told by; no API can have a parameter of this name.
pub const TOOL: &str = "tool";

const TIMEOUT_SECONDS: i64 = 15;
const MAX_BYTES: i64 = 64 * 1024;
const NAME_CHARS: usize = 40;

/// How the environment is read; tests have one of their own.
pub(super) type Environment = fn(&str) -> Option<String>;

/// A shape and an example.
type Expected = (&'static str, &'static str);

/// An API that plans may ask.
#[derive(Debug, Clone)]
pub struct ApiToolSettings {
    /// What it is called in a plan.
    pub name: String,
    /// What it is good for, as the planner is told.
    pub description: String,
    /// How it is asked.
    pub method: ApiMethod,
    /// Where it is asked.
    pub url: UrlTemplate,
    /// What is sent.
    pub body: Option<BodyTemplate>,
    /// What opens it.
    pub secret: Option<ApiSecret>,
    /// Whether it may be in the operator's own network.
    pub allow_private: bool,
    /// Longest time for one answer.
    pub timeout: Duration,
    /// Largest answer.
    pub max_bytes: usize,
    /// JSON pointer to the part of the answer that counts.
    pub result: Option<String>,
}

impl ApiToolSettings {
    /// Names of what a plan has to give, each once.
    pub fn params(&self) -> Vec<String> {
        let mut params = self.url.params().to_vec();
        let of_body = self.body.iter().flat_map(BodyTemplate::params);
        params.extend(of_body.filter(|param| !self.url.params().contains(param)));
        params
    }
}

/// How an API is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiMethod {
    /// `GET`.
    Get,
    /// `POST`.
    Post,
}

/// A header with a secret in it.
#[derive(Debug, Clone)]
pub struct ApiSecret {
    /// The header's name.
    pub header: HeaderName,
    /// The header's value, marked as sensitive.
    pub value: HeaderValue,
    /// The secret alone.
    pub secret: Secret,
}

/// As written. `Spanned` where a value of the right kind can still be wrong, to tell its line.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawApiTool {
    name: Spanned<String>,
    description: Spanned<String>,
    method: Option<Spanned<String>>,
    url: Spanned<String>,
    body: Option<Spanned<Value>>,
    secret: Option<RawSecret>,
    #[serde(default)]
    allow_private: bool,
    timeout_seconds: Option<Spanned<i64>>,
    max_bytes: Option<Spanned<i64>>,
    result: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSecret {
    env: Spanned<String>,
    header: Spanned<String>,
    #[serde(default)]
    prefix: String,
}

/// Checks one API after the other.
pub(super) struct ApiToolReader<'a> {
    path: &'a Path,
    environment: Environment,
    problems: &'a mut ConfigProblems,
    names: HashSet<String>,
    index: usize,
}

impl<'a> ApiToolReader<'a> {
    pub(super) fn new(path: &'a Path, environment: Environment, problems: &'a mut ConfigProblems) -> Self {
        Self { path, environment, problems, names: HashSet::new(), index: 0 }
    }

    /// `None` if there is nothing that could be asked; why is among the problems.
    pub(super) fn tool(&mut self, index: usize, raw: RawApiTool) -> Option<ApiToolSettings> {
        self.index = index;
        let name = self.name(&raw.name);
        let description = self.description(&raw.description);
        let method = raw.method.as_ref().map_or(Some(ApiMethod::Get), |method| self.method(method));
        let url = self.url(&raw.url);
        let body = raw.body.as_ref().and_then(|body| self.body(body, method));
        let secret = raw.secret.as_ref().and_then(|secret| self.secret(secret));
        let timeout = self.number("timeout_seconds", raw.timeout_seconds.as_ref(), 1..=120, TIMEOUT_SECONDS);
        let max_bytes = self.number("max_bytes", raw.max_bytes.as_ref(), 1_024..=1_048_576, MAX_BYTES);
        let result = raw.result.as_ref().and_then(|result| self.result(result));
        let settings = ApiToolSettings {
            name,
            description,
            method: method?,
            url: url?,
            body,
            secret,
            allow_private: raw.allow_private,
            timeout: Duration::from_secs(timeout),
            max_bytes: usize::try_from(max_bytes).ok()?,
            result,
        };
        if settings.params().iter().any(|param| param == TOOL) {
            let shape = ("placeholders of other names: a step says by `tool` which API it asks", "{query}");
            self.wrong("url", &raw.url, "has a placeholder {tool}".to_owned(), shape);
        }
        Some(settings)
    }

    fn name(&mut self, name: &Spanned<String>) -> String {
        let trimmed = name.value.trim().to_owned();
        let is_word = trimmed.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b));
        let shape = ("a name of its own: a to z, digits, - and _, at most 40 characters", "weather");
        let wrong = if trimmed.is_empty() || trimmed.len() > NAME_CHARS || !is_word {
            format!("{} is no name", shown(&trimmed))
        } else if BUILT_IN.contains(&trimmed.as_str()) {
            format!("{trimmed:?} is built in")
        } else if !self.names.insert(trimmed.clone()) {
            format!("{trimmed:?} is the name of two APIs")
        } else {
            return trimmed;
        };
        self.wrong("name", name, wrong, shape);
        trimmed
    }

    fn description(&mut self, description: &Spanned<String>) -> String {
        let line = description.value.split_whitespace().collect::<Vec<_>>().join(" ");
        let length = line.chars().count();
        if !(1..=300).contains(&length) {
            let shape = ("1 to 300 characters that say what it is good for", "the weather of a city, now");
            self.wrong("description", description, format!("has {length} characters"), shape);
        }
        line
    }

    fn method(&mut self, method: &Spanned<String>) -> Option<ApiMethod> {
        match method.value.trim().to_ascii_uppercase().as_str() {
            "GET" => Some(ApiMethod::Get),
            "POST" => Some(ApiMethod::Post),
            _ => {
                let wrong = format!("{} is no method", shown(&method.value));
                self.wrong("method", method, wrong, ("GET or POST", "GET"));
                None
            }
        }
    }

    fn url(&mut self, url: &Spanned<String>) -> Option<UrlTemplate> {
        let parsed = UrlTemplate::parse(url.value.trim());
        let shape = (
            "a http:// or https:// URL without user or fragment, with {names} in path and query",
            "https://example.org/weather?city={city}",
        );
        parsed.map_err(|wrong| self.wrong("url", url, wrong, shape)).ok()
    }

    fn body(&mut self, body: &Spanned<Value>, method: Option<ApiMethod>) -> Option<BodyTemplate> {
        let shape = ("JSON, or the same as YAML, for the method POST", "{question: \"{query}\"}");
        let parsed = match &body.value {
            Value::String(text) => serde_json::from_str(text).map_err(|reason| format!("is no JSON ({reason})")),
            other => Ok(other.clone()),
        };
        let parsed = match parsed {
            Ok(_) if method == Some(ApiMethod::Get) => Err("is given, and the method is GET".to_owned()),
            parsed => parsed,
        };
        parsed.map(BodyTemplate::new).map_err(|wrong| self.wrong("body", body, wrong, shape)).ok()
    }

    fn secret(&mut self, raw: &RawSecret) -> Option<ApiSecret> {
        let name = raw.env.value.trim();
        let header = HeaderName::try_from(raw.header.value.trim());
        if header.is_err() {
            let wrong = format!("{} is no name of a header", shown(&raw.header.value));
            self.wrong("secret.header", &raw.header, wrong, ("the name of a header", "authorization"));
        }
        let shape = ("the name of a variable that holds the secret, or with _FILE its file", "WEATHER_API_KEY");
        let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if name.is_empty() || !is_name {
            self.wrong("secret.env", &raw.env, "is no name of a variable".to_owned(), shape);
            return None;
        }
        let value = (self.environment)(name).map(Secret::new);
        let file = (self.environment)(&format!("{name}_FILE"));
        let before = self.problems.found().len();
        let secret = self.problems.secret(name, value.as_ref(), file.as_deref());
        if secret.is_none() && self.problems.found().len() == before {
            self.wrong("secret.env", &raw.env, format!("names {name}, which is not set"), shape);
        }
        let secret = secret?;
        let value = HeaderValue::try_from(format!("{}{}", raw.prefix, secret.expose()));
        let Ok(mut value) = value else {
            self.wrong("secret.env", &raw.env, format!("names {name}, whose value fits into no header"), shape);
            return None;
        };
        value.set_sensitive(true);
        Some(ApiSecret { header: header.ok()?, value, secret })
    }

    fn number(
        &mut self,
        key: &str,
        given: Option<&Spanned<i64>>,
        bounds: std::ops::RangeInclusive<i64>,
        default: i64,
    ) -> u64 {
        let number = given.map_or(default, |given| given.value);
        if let Some(given) = given
            && !bounds.contains(&number)
        {
            let wrong = format!("{number} is no number from {} to {}", bounds.start(), bounds.end());
            let shape = match key {
                "max_bytes" => ("bytes from 1024 to 1048576", "65536"),
                _ => ("seconds from 1 to 120", "15"),
            };
            self.wrong(key, given, wrong, shape);
        }
        number.unsigned_abs()
    }

    fn result(&mut self, result: &Spanned<String>) -> Option<String> {
        let pointer = result.value.trim();
        match pointer {
            "" => None,
            _ if pointer.starts_with('/') => Some(pointer.to_owned()),
            _ => {
                let wrong = format!("{} is no JSON pointer", shown(pointer));
                self.wrong("result", result, wrong, ("a JSON pointer into the answer", "/current/temperature"));
                None
            }
        }
    }

    fn wrong<T>(&mut self, key: &str, at: &Spanned<T>, wrong: String, (shape, example): Expected) {
        let line = at.referenced.line();
        let name = format!("PEDRO_CONFIG {}:{line} api_tools[{}].{key}", self.path.display(), self.index);
        self.problems.add(name, wrong, shape, example);
    }
}

#[cfg(test)]
mod tests;
