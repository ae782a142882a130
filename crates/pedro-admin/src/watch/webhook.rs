//! A Discord channel is told by its webhook.

use std::time::Duration;

use pedro_core::service::Secret;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

/// How long Discord may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Discord takes 2000 characters.
const MOST_CHARS: usize = 1_900;

/// Pauses after a failure: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(60));

/// Discord may say any time; longer ones are asked about again.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

/// The way to a channel. Its address is a secret: who has it can write there.
pub(super) struct Webhook {
    http: Client,
    url: Secret,
    pause: Duration,
}

/// Why a message was not taken, in words without the address, and after which time it may be tried again.
pub(super) struct NotTaken {
    pub(super) why: String,
    pub(super) pause: Duration,
}

impl Webhook {
    pub(super) fn new(url: Secret) -> anyhow::Result<Self> {
        let http = Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { http, url, pause: PAUSES.0 })
    }

    /// Says a text. If it is not taken, it must be said again: nothing is kept here.
    pub(super) async fn say(&mut self, text: &str) -> Result<(), NotTaken> {
        let text: String = text.chars().take(MOST_CHARS).collect();
        let body = json!({ "content": text, "allowed_mentions": { "parse": [] } });
        let failure = match self.http.post(self.url.expose()).json(&body).send().await {
            Ok(response) if response.status().is_success() => {
                self.pause = PAUSES.0;
                return Ok(());
            }
            Ok(response) => return Err(self.refused(response).await),
            Err(error) if error.is_timeout() => "Discord does not answer in time",
            Err(_) => "Discord cannot be reached",
        };
        Err(NotTaken { why: failure.to_owned(), pause: self.next_pause() })
    }

    async fn refused(&mut self, response: Response) -> NotTaken {
        let status = response.status();
        match status {
            StatusCode::TOO_MANY_REQUESTS => {
                let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
                let body: Value = response.json().await.unwrap_or_default();
                let seconds = body["retry_after"].as_f64().or(header);
                let asked = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
                let pause = asked.map_or_else(|| self.next_pause(), |asked| asked.min(LONGEST_PAUSE));
                NotTaken { why: "Discord wants a pause".to_owned(), pause }
            }
            // Somebody may correct it in Discord: it is asked seldom, and the message is kept.
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
                let why = format!(
                    "Discord knows no such webhook ({status}): make a new one, and give it in PEDRO_WATCH_WEBHOOK"
                );
                NotTaken { why, pause: PAUSES.1 }
            }
            status => NotTaken { why: format!("Discord answers {status}"), pause: self.next_pause() },
        }
    }

    fn next_pause(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = (pause * 2).min(PAUSES.1);
        pause
    }
}
