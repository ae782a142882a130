//! Every metric by name, with what it counts. The names of the first group are on operators' dashboards and in their
//! alerts: their spelling is kept, mistakes included.

/// What Prometheus is told that a metric is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Only rises.
    Counter,
    /// Rises and falls.
    Gauge,
    /// A histogram with these upper bounds. Never a summary: quantiles of summaries cannot be added up.
    Histogram(&'static [f64]),
}

impl Kind {
    /// The word on the `# TYPE` line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

/// One metric.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// As Prometheus sees it.
    pub name: &'static str,
    /// Counter, gauge or histogram.
    pub kind: Kind,
    /// The help text.
    pub help: &'static str,
}

/// Seconds, for what a machine does by itself.
const FAST: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Seconds, for what a slow local model is in.
const MODEL: &[f64] = &[0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 180.0, 300.0, 450.0, 600.0];
/// Seconds, for series that hold both; 2 is the bound of an alert.
const BOTH: &[f64] = &[0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0];
/// Lines found.
const HITS: &[f64] = &[0.0, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0];

macro_rules! catalog {
    ($($constant:ident = $name:literal, $kind:expr, $help:literal;)*) => {
        $(#[doc = $help] pub const $constant: &str = $name;)*

        /// Every metric, described in one place.
        pub const CATALOG: &[Metric] = &[$(Metric { name: $name, kind: $kind, help: $help }),*];
    };
}

catalog! {
    LLM_SUCCESSFUL = "successful_llm_gen_count", Kind::Counter, "Model calls that came back with a text.";
    LLM_FAILED = "failed_llm_gen_count", Kind::Counter, "Model calls that failed.";
    LLM_EMPTY = "empty_llm_response_count", Kind::Counter, "Model calls whose answer held no text.";
    TWITCH_CONNECTIONS = "twitch_connection_count", Kind::Counter, "Twitch connections established.";
    TWITCH_RECEIVED = "twitch_message_recieved_count", Kind::Counter, "Twitch chat lines received.";
    TWITCH_REJECTED = "twitch_message_rejected_count", Kind::Counter, "Messages that Twitch did not take.";
    TWITCH_SENT = "twitch_message_sent_count", Kind::Counter, "Twitch messages sent.";
    DISCORD_RECEIVED = "discord_message_recieved", Kind::Counter, "Discord messages received.";
    DISCORD_SENT = "discord_message_sent", Kind::Counter, "Discord messages sent.";
    GAMES = "discord_stump_pedro_games_total", Kind::Counter,
        "Games of twenty questions, as Pedro sees them: started, won (guessed), lost, abandoned.";
    DISCORD_COMMANDS = "discord_command_total", Kind::Counter, "Slash commands, by command.";
    DISCORD_COMMAND_ERRORS = "discord_command_errors", Kind::Counter, "Slash commands that failed, by command.";
    DISCORD_COMMAND_DURATION = "discord_command_duration_seconds", Kind::Histogram(BOTH),
        "From a slash command to its final answer, by command.";
    WEB_SEARCH_SUCCESS = "web_search_success_count", Kind::Counter, "Web search attempts that found something.";
    WEB_SEARCH_FAIL = "web_search_fail_count", Kind::Counter, "Web search attempts that failed or found nothing.";
    MODEL_REQUESTS = "pedro_model_requests_total", Kind::Counter, "Model requests by purpose.";
    MODEL_ERRORS = "pedro_model_errors_total", Kind::Counter, "Model requests that failed, by purpose.";
    MODEL_FAILURES = "pedro_model_failures_total", Kind::Counter, "Model requests that failed, by purpose and reason.";
    QUEUE_DEPTH = "pedro_queue_depth", Kind::Gauge, "Questions accepted and not yet answered.";
    QUEUE_OLDEST = "pedro_queue_oldest_seconds", Kind::Gauge,
        "How long ago the oldest of the questions was asked that are not yet answered; 0: there is none.";
    HTTP_DURATION = "http_request_duration_seconds", Kind::Histogram(BOTH),
        "Requests to the bot's own pages, and answered questions (handler ask) from message in to reply out.";

    ANSWERS_WITHHELD = "pedro_answers_withheld_total", Kind::Counter, "Answers that were made twice and could not be said, by reason.";
    REPLY_DURATION = "pedro_reply_duration_seconds", Kind::Histogram(BOTH), "From message in to reply out.";
    OVERHEAD_DURATION = "pedro_overhead_duration_seconds", Kind::Histogram(FAST), "Time spent on everything but the model.";
    GENERATION_DURATION = "pedro_generation_duration_seconds", Kind::Histogram(MODEL), "Time of one model call.";
    GENERATION_TOKENS = "pedro_generation_tokens_total", Kind::Counter, "Tokens read and written by the model.";
    MESSAGES_STORED = "pedro_messages_stored_total", Kind::Counter, "Messages stored.";
    MESSAGES_EXPIRED = "pedro_messages_expired_total", Kind::Counter,
        "Messages deleted by age, with those that were made from them.";
    MESSAGES_WAITING = "pedro_messages_waiting", Kind::Gauge,
        "Messages heard that wait to be stored; many while the database is away.";
    MESSAGES_DROPPED = "pedro_messages_dropped_total", Kind::Counter, "Messages lost before they were stored.";
    EMBEDDING_LAG = "pedro_embedding_lag_messages", Kind::Gauge, "Stored messages that have no embedding yet.";
    EMBEDDINGS = "pedro_embeddings_total", Kind::Counter, "Embeddings made, by outcome.";
    RETRIEVAL_DURATION = "pedro_retrieval_duration_seconds", Kind::Histogram(FAST), "Time of one search of the memory.";
    RETRIEVAL_HITS = "pedro_retrieval_hits", Kind::Histogram(HITS), "Messages found by one search of the memory.";
    PLANS = "pedro_plans_total", Kind::Counter, "Plans that came to an end, by outcome.";
    PLAN_STEPS = "pedro_plan_steps_total", Kind::Counter, "Steps that came to an end, by action and outcome.";
    PLAN_STEP_DURATION = "pedro_plan_step_duration_seconds", Kind::Histogram(BOTH), "Time of one step, by action.";
    CONNECTED = "pedro_connected", Kind::Gauge, "1 while events really arrive from the platform.";
    READY = "pedro_ready", Kind::Gauge, "1 for each check of /readyz that is green, made anew at every scrape.";
    LAST_EVENT_AGE = "pedro_last_event_age_seconds", Kind::Gauge, "Time since the platform was last heard, or since the start.";
    RECONNECTS = "pedro_reconnects_total", Kind::Counter, "Connections to the platform made anew, by reason.";
    RATE_LIMIT_WAITS = "pedro_rate_limit_waits_total", Kind::Counter, "Messages that had to wait for the platform's limits.";
    CHANNELS_WATCHED = "pedro_twitch_channels_watched", Kind::Gauge, "Channels whose titles Twitch tells as they change.";
    TOKEN_EXPIRY = "pedro_token_expiry_seconds", Kind::Gauge, "Time until the platform's token expires.";
    BUILD_INFO = "pedro_build_info", Kind::Gauge, "Always 1; the labels say what runs.";
    TOKIO_WORKERS = "tokio_workers", Kind::Gauge, "Worker threads of the runtime.";
    TOKIO_ALIVE_TASKS = "tokio_alive_tasks", Kind::Gauge, "Tasks that have not ended.";
    TOKIO_GLOBAL_QUEUE_DEPTH = "tokio_global_queue_depth", Kind::Gauge, "Tasks that wait for a worker.";
    TOKIO_POLL_DELAY = "tokio_poll_delay_seconds", Kind::Histogram(FAST),
        "How much later than its time a task was polled; one sample a second.";
}

/// Declares an enum whose values are label values: bounded by construction, and all of them can start at 0.
macro_rules! label {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $value:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The label's value.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $value,)* }
            }
        }
    };
}

label! {
    /// What a person was sent.
    ReplyKind {
        /// An answer to a question, made by the model.
        Answer = "answer",
        /// The result of a command, made from tables.
        Command = "command",
        /// Words of regret.
        Apology = "apology",
    }
}

label! {
    /// Which part of Pedro's own work took the time.
    Stage {
        /// From the platform to the table.
        Store = "store",
        /// Memory, links, title.
        Gather = "gather",
        /// Accepted and waiting for a worker.
        Queue = "queue",
        /// Cleaning and sending.
        Send = "send",
    }
}

label! {
    /// Why a message was not stored although it should have been.
    DropReason {
        /// The buffer was full while the database was away.
        Overflow = "overflow",
        /// Too many commands were under way.
        Busy = "busy",
        /// The database refused the message itself.
        Refused = "refused",
    }
}

label! {
    /// How embedding went.
    EmbeddingOutcome {
        /// Made and stored.
        Stored = "stored",
        /// Not made; it is tried again later.
        Failed = "failed",
    }
}

label! {
    /// What became of a game of twenty questions, as Pedro sees it.
    GameStatus {
        /// Somebody began one.
        Started = "started",
        /// Pedro guessed the thing.
        Won = "won",
        /// Twenty questions were not enough.
        Lost = "lost",
        /// The player went away, or it was stopped.
        Abandoned = "abandoned",
    }
}

label! {
    /// Why a connection was made anew.
    ReconnectReason {
        /// The connection broke.
        Closed = "closed",
        /// Nothing was heard for too long.
        Silent = "silent",
        /// The platform asked for it.
        Requested = "requested",
        /// The token was refused.
        Token = "token",
        /// The platform ended the session.
        Session = "session",
    }
}
