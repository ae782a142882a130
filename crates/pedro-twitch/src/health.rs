//! What `/readyz` says of Twitch: the chat connection, and the sign-in behind it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use pedro_core::service::metrics::TWITCH;
use pedro_core::service::{Readiness, Verdict};

use crate::state::State;
use crate::tokens::{Refuser, Standing, Tokens};

/// A refused token is exchanged within seconds. What lasts longer needs somebody.
const EXCHANGED_WITHIN: Duration = Duration::from_secs(60);

/// Adds the truth about the chat connection: in every channel, and something heard lately.
pub(crate) fn watch_chat(readiness: &Readiness, state: &Arc<State>, tokens: &Arc<Tokens>, channels: Vec<String>) {
    readiness.clock(TWITCH, state.clock.clone());
    let (state, tokens) = (Arc::clone(state), Arc::clone(tokens));
    readiness.check(TWITCH, move || {
        let joined = state.channels();
        let verdict = match (state.refusal(), channels.iter().find(|channel| !joined.contains(channel))) {
            (_, Some(_)) if tokens.current().is_none() => {
                Verdict::red("nobody has signed Pedro in: the log says where, and with which code")
            }
            (Some(words), _) => Verdict::red(format!("Twitch refused the sign-in: {words}; give a valid TWITCH_TOKEN")),
            (None, Some(missing)) => Verdict::red(format!("not in the channel {missing}")),
            (None, None) if !state.is_alive() => Verdict::red("nothing was heard lately"),
            (None, None) => match state.attention().ignored_for(Instant::now()) {
                Some(time) => Verdict::red(ignored(time)),
                None => Verdict::ok(format!("in {}", joined.join(", "))),
            },
        };
        let verdict = verdict.heard(&state.clock);
        async move { verdict }
    });
}

fn ignored(time: Duration) -> String {
    format!(
        "Twitch shows nobody what Pedro says, for {} s now: it ignores an account that sent too much for half an hour; answers wait until it listens again",
        time.as_secs()
    )
}

/// Adds the truth about the sign-in: a connection that stands outlives its token, and looks well until it breaks.
pub(crate) fn watch_token(readiness: &Readiness, tokens: &Arc<Tokens>, can_ask: bool) {
    let tokens = Arc::clone(tokens);
    readiness.check("token", move || {
        let (standing, age) = tokens.standing();
        let end = tokens.current().and_then(|token| token.expires_at);
        std::future::ready(verdict(standing, age, end, can_ask))
    });
}

/// `age`: since when it stands so. `end`: of the token that holds. `can_ask`: there is an application to sign in with.
fn verdict(standing: Standing, age: Duration, end: Option<DateTime<Utc>>, can_ask: bool) -> Verdict {
    let verdict = match standing {
        Standing::Unknown => Verdict::red("the token is being looked for"),
        Standing::Good => Verdict::ok(match end.map(|end| (end - Utc::now()).num_minutes()) {
            Some(minutes @ 120..) => format!("signed in; the token is good for another {} hours", minutes / 60),
            Some(minutes) => format!("signed in; the token is good for another {} minutes", minutes.max(0)),
            None => "signed in".to_owned(),
        }),
        Standing::Refused(_) if age < EXCHANGED_WITHIN => Verdict::ok("refused just now: another token is being got"),
        Standing::Refused(by) => {
            let by = match by {
                Refuser::Chat => "Twitch's chat refuses",
                Refuser::Api => "Twitch's API refuses",
                Refuser::Events => "Twitch took back what EventSub tells for",
                Refuser::Check => "Twitch's sign-in refuses",
            };
            Verdict::red(format!("{by} the token: the log says why; sign in with `pedro login twitch`"))
        }
        Standing::Missing if can_ask => {
            Verdict::red("nobody has signed Pedro in: the log says where, and with which code")
        }
        Standing::Missing => Verdict::red("nobody has signed Pedro in: give a valid TWITCH_TOKEN, or TWITCH_ID"),
    };
    verdict.stands(standing.as_str(), age)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_red_when_somebody_has_to_do_something() {
        let told = |standing, secs, end: Option<i64>, can_ask| {
            let end =
                end.map(|minutes| Utc::now() + chrono::TimeDelta::minutes(minutes) + chrono::TimeDelta::seconds(5));
            serde_json::to_value(verdict(standing, Duration::from_secs(secs), end, can_ask)).unwrap()
        };
        let good = told(Standing::Good, 7, Some(240), true);
        assert_eq!(
            good,
            serde_json::json!({
                "ok": true, "detail": "signed in; the token is good for another 4 hours", "state": "good", "age_seconds": 7,
            })
        );
        assert!(told(Standing::Good, 7, Some(5), true)["detail"].as_str().unwrap().contains("5 minutes"));
        assert_eq!(told(Standing::Good, 7, None, true)["detail"], "signed in");
        assert_eq!(told(Standing::Refused(Refuser::Api), 59, None, true)["ok"], true);
        for by in [Refuser::Api, Refuser::Chat, Refuser::Events, Refuser::Check] {
            assert_eq!(told(Standing::Refused(by), 60, None, true)["ok"], false);
        }
        for (can_ask, words) in [(true, "with which code"), (false, "TWITCH_TOKEN")] {
            let missing = told(Standing::Missing, 0, None, can_ask);
            assert_eq!((&missing["ok"], &missing["state"]), (&false.into(), &"missing".into()));
            assert!(missing["detail"].as_str().unwrap().contains(words));
        }
        assert_eq!(told(Standing::Unknown, 0, None, true)["ok"], false);
    }
}
