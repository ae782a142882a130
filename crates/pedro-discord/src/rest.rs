//! Discord's REST API: twilight's client, with the patience that it lacks.
//!
//! The client keeps the rate limits, but gives up on a server error or a broken connection at once, and asks again without
//! pause when it is told that the global limit is reached. Both are mended here.

use std::future::IntoFuture;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pedro_core::service::metrics::{DISCORD, record};
use serde_json::Value;
use twilight_http::Client;
use twilight_http::error::{Error, ErrorType};
use twilight_http::response::{Response, ResponseFuture};
use twilight_model::channel::message::AllowedMentions;
use twilight_model::channel::{Channel, Message};

use crate::bot::Me;
use crate::config::DiscordSettings;
use crate::convert::id_of;
use crate::lenient;
use crate::state::State;

/// How long a request is tried again while Discord does not answer as it should.
const PATIENCE: Duration = Duration::from_secs(90);

/// The first wait after a failure; doubled up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(300);

/// Longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(8);

/// How often the client may send one request by itself: it asks again when it is told that a limit is reached.
const SENDS: u32 = 3;

/// How long everything waits once the client asked too often: Discord tells the time, the client does not.
const GLOBAL_PAUSE: Duration = Duration::from_secs(2);

/// How long one try may take where there is hardly any patience.
const SHORTEST_TRY: Duration = Duration::from_millis(1_200);

/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Messages in one answer, the most that Discord gives.
pub(crate) const PAGE: u16 = 100;

/// Why Discord did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// It never will: no permission, not there, not allowed. Discord's own code.
    #[error("Discord refuses: status {status}, code {code}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// <https://docs.discord.com/developers/topics/opcodes-and-status-codes#json>
        code: u64,
    },
    /// The token is not good.
    #[error("Discord does not know the token")]
    Token,
    /// Not now.
    #[error("Discord does not answer")]
    Away,
    /// The request could not even be built; a mistake of ours.
    #[error("a request is wrong: {0}")]
    Wrong(Error),
}

/// Messages of a channel.
pub(crate) struct Page {
    /// How many Discord gave.
    pub(crate) size: usize,
    /// The oldest first.
    pub(crate) messages: Vec<Message>,
}

/// The client.
pub(crate) struct Rest {
    pub(crate) http: Client,
    /// Messages fetched of a channel that was never heard before.
    pub(crate) backfill: usize,
    /// Nothing is sent before. Held for look-ups only, never over an await.
    paused_until: Mutex<Option<Instant>>,
}

impl Rest {
    pub(crate) fn new(settings: &DiscordSettings) -> Self {
        let url = &settings.api_url;
        let mut builder = Client::builder()
            .token(settings.token.expose().to_owned())
            .timeout(TIMEOUT)
            // Nobody is ever pinged by what Pedro says.
            .default_allowed_mentions(AllowedMentions::default());
        let port = url.port().map_or(String::new(), |port| format!(":{port}"));
        let host = format!("{}{port}{}", url.host_str().unwrap_or_default(), url.path().trim_end_matches('/'));
        if host != "discord.com" {
            builder = builder.proxy(host, url.scheme() == "http");
        }
        Self { http: builder.build(), backfill: settings.backfill, paused_until: Mutex::default() }
    }

    /// Makes a request, and again while it makes sense. Limits are waited out, in order.
    pub(crate) async fn call<T: Unpin, F>(&self, request: impl Fn() -> F) -> Result<Response<T>, Trouble>
    where
        F: IntoFuture<IntoFuture = ResponseFuture<T>, Output = Result<Response<T>, Error>>,
    {
        self.call_within(PATIENCE, request).await
    }

    /// The same with another patience; [`Duration::ZERO`]: one try.
    pub(crate) async fn call_within<T: Unpin, F>(
        &self,
        patience: Duration,
        request: impl Fn() -> F,
    ) -> Result<Response<T>, Trouble>
    where
        F: IntoFuture<IntoFuture = ResponseFuture<T>, Output = Result<Response<T>, Error>>,
    {
        let (began, mut wait) = (Instant::now(), FIRST_WAIT);
        loop {
            self.pass_pause().await;
            // A connection that died without a word must not use up all of a short patience.
            let within = TIMEOUT.min(patience.max(SHORTEST_TRY));
            let sent = tokio::time::timeout(within, self.send(request().into_future())).await;
            match sent {
                Ok(Ok(response)) => return Ok(response),
                Ok(Err(error)) if matches!(error.kind(), ErrorType::RequestCanceled) => self.pause(),
                Ok(Err(error)) => {
                    if let Some(trouble) = lasting(error) {
                        return Err(trouble);
                    }
                }
                Err(_) => {}
            }
            if began.elapsed() + wait > patience {
                return Err(Trouble::Away);
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// A response as it is: it is not held against a model that knows all of it.
    pub(crate) async fn value<T: Unpin, F>(&self, request: impl Fn() -> F) -> Result<Value, Trouble>
    where
        F: IntoFuture<IntoFuture = ResponseFuture<T>, Output = Result<Response<T>, Error>>,
    {
        let body = self.call(request).await?.bytes().await.map_err(|_| Trouble::Away)?;
        serde_json::from_slice(&body).map_err(|error| {
            tracing::warn!(%error, "Discord's answer was not understood");
            Trouble::Away
        })
    }

    /// A channel.
    pub(crate) async fn channel<T: Unpin, F>(&self, request: impl Fn() -> F) -> Result<Channel, Trouble>
    where
        F: IntoFuture<IntoFuture = ResponseFuture<T>, Output = Result<Response<T>, Error>>,
    {
        lenient::channel(self.value(request).await?).ok_or(Trouble::Away)
    }

    /// A page of messages, the oldest first. What is not understood is left out.
    pub(crate) async fn messages<T: Unpin, F>(&self, request: impl Fn() -> F) -> Result<Page, Trouble>
    where
        F: IntoFuture<IntoFuture = ResponseFuture<T>, Output = Result<Response<T>, Error>>,
    {
        let Value::Array(found) = self.value(request).await? else { return Err(Trouble::Away) };
        let size = found.len();
        let mut messages: Vec<Message> = found.into_iter().filter_map(lenient::message).collect();
        messages.sort_by_key(|message| message.id);
        Ok(Page { size, messages })
    }

    /// Waits until Discord tells who Pedro is.
    pub(crate) async fn me(&self, state: &State) -> anyhow::Result<Me> {
        loop {
            match self.ask_me().await {
                Ok(me) => return Ok(me),
                Err(Trouble::Token) => anyhow::bail!(
                    "Discord refuses DISCORD_TOKEN: give the bot's token from the developer portal (Bot, Reset Token)"
                ),
                Err(error) => {
                    state.refused("Discord's REST API does not answer");
                    tracing::warn!(%error, "Discord does not tell who I am; trying again");
                    tokio::time::sleep(LONGEST_WAIT).await;
                }
            }
        }
    }

    async fn ask_me(&self) -> Result<Me, Trouble> {
        let user = self.value(|| self.http.current_user()).await?;
        let application = self.value(|| self.http.current_user_application()).await?;
        let (Some(user_id), Some(application_id)) = (id_of(&user), id_of(&application)) else {
            tracing::warn!("Discord's answer has no id");
            return Err(Trouble::Away);
        };
        let login = user["username"].as_str().unwrap_or_default().to_lowercase();
        Ok(Me { user_id: user_id.cast(), application_id: application_id.cast(), login })
    }

    /// One request; the client may ask [`SENDS`] times by itself.
    async fn send<T: Unpin>(&self, mut request: ResponseFuture<T>) -> Result<Response<T>, Error> {
        let sends = Arc::new(AtomicU32::new(0));
        request.set_pre_flight(move || {
            let before = sends.fetch_add(1, Ordering::Relaxed);
            if before > 0 {
                record::rate_limit_wait(DISCORD);
            }
            before < SENDS
        });
        request.await
    }

    fn pause(&self) {
        *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + GLOBAL_PAUSE);
    }

    async fn pass_pause(&self) {
        loop {
            let until = *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
            match until {
                Some(until) if until > Instant::now() => tokio::time::sleep_until(until.into()).await,
                _ => return,
            }
        }
    }
}

/// What trying again does not mend.
fn lasting(error: Error) -> Option<Trouble> {
    match error.kind() {
        ErrorType::Unauthorized => Some(Trouble::Token),
        ErrorType::Response { status, error: words, .. } => {
            let code = match words {
                twilight_http::api_error::ApiError::General(general) => general.code,
                _ => 0,
            };
            match status.get() {
                401 if code == 0 => Some(Trouble::Token),
                500..=599 => None,
                status => Some(Trouble::Refused { status, code }),
            }
        }
        // A server error whose body is no JSON.
        ErrorType::Parsing { .. } | ErrorType::RequestError | ErrorType::RequestTimedOut => None,
        _ => Some(Trouble::Wrong(error)),
    }
}
