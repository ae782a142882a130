//! What is known of each target, and what there is to tell of it. Pure: time is passed in. Kept in a file, so that a
//! restart neither forgets an outage nor tells it twice.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Messages that wait at most; if the webhook is away for days, the oldest are let go.
const MOST_WAITING: usize = 200;

/// When something is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// Looks in a row that must fail.
    pub(super) failures: u32,
    /// How often it is told again while it lasts.
    pub(super) remind: TimeDelta,
}

/// All that is kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    targets: BTreeMap<String, Known>,
    /// What was not yet taken by the webhook, the oldest first.
    pub(super) waiting: Vec<String>,
}

/// What is known of a target.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Known {
    /// Failed looks in a row.
    failures: u32,
    /// When the first of them was.
    since: Option<DateTime<Utc>>,
    /// When people were last told that it is down.
    told: Option<DateTime<Utc>>,
    /// What was red.
    red: String,
}

/// How a target is.
#[derive(Debug, Clone, Serialize, PartialEq)]
pub(super) struct Shown {
    pub(super) name: String,
    pub(super) up: bool,
    /// What is red.
    pub(super) red: String,
    pub(super) since: Option<DateTime<Utc>>,
}

impl Record {
    /// Takes in what was seen of all targets at one time; what there is to tell waits from then on. Whether there is
    /// anything new to tell.
    pub(super) fn see(&mut self, seen: &[(String, Result<(), String>)], now: DateTime<Utc>, rules: Rules) -> bool {
        // What is no longer looked at has no state.
        self.targets.retain(|name, _| seen.iter().any(|(seen, _)| seen == name));
        let mut news = Vec::new();
        for (name, found) in seen {
            let known = self.targets.entry(name.clone()).or_default();
            news.extend(known.see(name, found, now, rules));
        }
        if news.is_empty() {
            return false;
        }
        self.waiting.push(news.join("\n"));
        let over = self.waiting.len().saturating_sub(MOST_WAITING);
        self.waiting.drain(..over);
        true
    }

    /// How all of them are.
    pub(super) fn shown(&self) -> Vec<Shown> {
        let shown = |(name, known): (&String, &Known)| Shown {
            name: name.clone(),
            up: known.failures == 0,
            red: known.red.clone(),
            since: known.since,
        };
        self.targets.iter().map(shown).collect()
    }

    /// An empty one if there is no file.
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        match fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(io::Error::from),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// The old file stays whole until the new one is.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let half = path.with_extension("new");
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&half)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_all()?;
        fs::rename(half, path)
    }
}

impl Known {
    fn see(&mut self, name: &str, found: &Result<(), String>, now: DateTime<Utc>, rules: Rules) -> Option<String> {
        let Err(red) = found else {
            let before = std::mem::take(self);
            let since = before.since.filter(|_| before.told.is_some())?;
            return Some(format!("🟢 **{name}** is back, after {} ({})", span(now - since), at(now)));
        };
        self.failures = self.failures.saturating_add(1);
        self.red.clone_from(red);
        let since = *self.since.get_or_insert(now);
        let told = match self.told {
            None if self.failures < rules.failures => return None,
            None => format!("🔴 **{name}** is down since {}: {red}", at(since)),
            Some(told) if now - told < rules.remind => return None,
            Some(_) => format!("🔴 **{name}** is still down, for {} now: {red}", span(now - since)),
        };
        self.told = Some(now);
        Some(told)
    }
}

/// Discord shows it in each reader's own time.
fn at(time: DateTime<Utc>) -> String {
    format!("<t:{}:t>", time.timestamp())
}

/// How long, in two units.
pub(super) fn span(time: TimeDelta) -> String {
    let seconds = time.num_seconds().max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (1.., ..) => format!("{days} d {hours} h"),
        (_, 1.., _) => format!("{hours} h {minutes} min"),
        (.., 1..) => format!("{minutes} min {} s", seconds % 60),
        _ => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { failures: 3, remind: TimeDelta::hours(1) };

    fn minute(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    fn see(record: &mut Record, minutes: i64, up: bool) -> Option<String> {
        let found = if up { Ok(()) } else { Err("database (away)".to_owned()) };
        record.see(&[("twitch".to_owned(), found)], minute(minutes), RULES).then(|| record.waiting.pop().unwrap())
    }

    #[test]
    fn three_failures_in_a_row_are_told_then_every_hour_and_then_that_it_is_back() {
        let mut record = Record::default();
        for (minutes, up, expected) in [
            (0, false, None),
            (1, false, None),
            (2, true, None),
            (10, false, None),
            (11, false, None),
            (12, false, Some("🔴 **twitch** is down since <t:600:t>: database (away)")),
            (13, false, None),
            (71, false, None),
            (72, false, Some("🔴 **twitch** is still down, for 1 h 2 min now: database (away)")),
            (131, false, None),
            (132, false, Some("🔴 **twitch** is still down, for 2 h 2 min now: database (away)")),
            (140, true, Some("🟢 **twitch** is back, after 2 h 10 min (<t:8400:t>)")),
            (141, true, None),
        ] {
            assert_eq!(see(&mut record, minutes, up).as_deref(), expected, "{minutes}");
        }
    }

    #[test]
    fn a_restart_neither_forgets_an_outage_nor_tells_it_twice() {
        let path = std::env::temp_dir().join(format!("pedro-watch-{}", uuid::Uuid::new_v4())).join("watch.json");
        let mut record = Record::read(&path).unwrap();
        for minutes in 0..3 {
            see(&mut record, minutes, false);
        }
        record.waiting.push("not yet taken".to_owned());
        record.write(&path).unwrap();
        let mut again = Record::read(&path).unwrap();
        assert_eq!(again, record);
        assert_eq!(see(&mut again, 4, false), None);
        assert_eq!(see(&mut again, 5, true).as_deref(), Some("🟢 **twitch** is back, after 5 min 0 s (<t:300:t>)"));
        assert_eq!(again.waiting, ["not yet taken"]);
        fs::remove_dir_all(path.parent().unwrap()).unwrap();
    }

    #[test]
    fn what_happens_at_once_is_one_message_and_what_is_no_longer_looked_at_is_forgotten() {
        let mut record = Record::default();
        let both = [("a".to_owned(), Err("x".to_owned())), ("b".to_owned(), Err("y".to_owned()))];
        for minutes in 0..3 {
            record.see(&both, minute(minutes), RULES);
        }
        assert_eq!(record.waiting.len(), 1);
        assert_eq!(record.waiting[0].lines().count(), 2);
        record.see(&[("a".to_owned(), Ok(()))], minute(4), RULES);
        assert_eq!(record.shown().len(), 1);
    }

    #[test]
    fn a_span_has_two_units() {
        for (seconds, expected) in [(0, "0 s"), (61, "1 min 1 s"), (3_700, "1 h 1 min"), (90_000, "1 d 1 h")] {
            assert_eq!(span(TimeDelta::seconds(seconds)), expected);
        }
    }
}
