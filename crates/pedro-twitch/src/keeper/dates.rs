//! When a token has to be looked after.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use pedro_twitch::token::Token;
use tokio::time::sleep;

/// Between two exchanges, however short tokens live.
const SHORTEST_LIFE: TimeDelta = TimeDelta::milliseconds(500);

/// When the token has to be looked after next.
pub(super) struct Dates {
    pub(super) refresh: Option<DateTime<Utc>>,
    pub(super) validate: DateTime<Utc>,
}

impl Dates {
    /// `validate_in`: it is asked whether it is good in so long, at its end in any case.
    pub(super) fn of(token: &Token, validate_in: TimeDelta) -> Self {
        let now = Utc::now();
        let refresh = token.refresh_due().map(|due| due.max(now + SHORTEST_LIFE));
        let validate = now + validate_in;
        // At its end it is looked at whatever else: then it is refused, and something has to be done.
        let end = token.expires_at.filter(|end| *end > now);
        Self { refresh, validate: end.map_or(validate, |end| validate.min(end + SHORTEST_LIFE)) }
    }
}

/// Waits for it; for ever if there is none.
pub(super) async fn until(date: Option<DateTime<Utc>>) {
    match date {
        // In steps: a machine that slept wakes up late, not too late.
        Some(date) => {
            while let Ok(left) = (date - Utc::now()).to_std() {
                sleep(left.min(Duration::from_secs(60))).await;
            }
        }
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use pedro_core::service::Secret;

    use super::super::VALIDATE_EVERY;
    use super::*;

    fn token(lifetime: i64) -> Token {
        let now = Utc::now();
        let token = Token::given(Secret::new("a"), Some(Secret::new("r")));
        Token { obtained_at: now, expires_at: Some(now + TimeDelta::seconds(lifetime)), ..token }
    }

    #[test]
    fn a_token_is_looked_at_every_hour_and_at_its_end() {
        let in_seconds = |date: DateTime<Utc>| (date - Utc::now()).num_seconds() + 1;
        let dates = Dates::of(&token(4 * 3_600), VALIDATE_EVERY);
        assert_eq!(in_seconds(dates.validate), 3_600);
        assert_eq!(dates.refresh.map(in_seconds), Some(4 * 3_600 - 600));
        let dates = Dates::of(&token(60), VALIDATE_EVERY);
        assert!((60..=62).contains(&in_seconds(dates.validate)), "{:?}", dates.validate);
        assert_eq!(dates.refresh.map(in_seconds), Some(40));
        let past = Dates::of(&token(-60), VALIDATE_EVERY);
        assert!(past.refresh.is_some_and(|due| in_seconds(due) <= 1), "at once, but not in a loop");
        assert_eq!(in_seconds(past.validate), 3_600);
    }
}
