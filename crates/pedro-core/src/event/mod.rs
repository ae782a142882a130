//! Stream context: events of the operator's file (title, schedule, speakers, links), which Pedro knows of while they are
//! on, by their dates or because a moderator said so.

mod file;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;

use crate::store::event_switch::Switch;

/// How long what a moderator said holds: who forgets to switch an event off has it off the next day.
const SWITCH_HOLDS: Duration = Duration::hours(24);

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What it is switched by: lower case, no white space.
    pub name: String,
    /// The name of its community.
    pub community: String,
    /// On from then; `None` with `until`: it is on already.
    pub from: Option<DateTime<Utc>>,
    /// On until then.
    pub until: Option<DateTime<Utc>>,
    /// What Pedro knows of it, a fact a line.
    pub lines: Vec<String>,
}

impl Event {
    /// Whether it is on at a moment: as was said of it lately, else by its dates. Without dates it is switched on only.
    fn is_on(&self, switches: &[Switch], now: DateTime<Utc>) -> bool {
        let said = switches.iter().find(|switch| switch.name == self.name && now - switch.switched_at < SWITCH_HOLDS);
        said.map_or_else(
            || {
                let has_dates = self.from.is_some() || self.until.is_some();
                has_dates && self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
            },
            |switch| switch.is_on,
        )
    }
}

/// What a file is recognised by when it is changed.
type Stamp = Option<(SystemTime, u64)>;

/// The events of a file, as it is now: it is read again when it has changed. One that is wrong then changes nothing, and is
/// logged once.
#[derive(Debug, Clone)]
pub struct Events(Option<Arc<Watched>>);

#[derive(Debug)]
struct Watched {
    path: PathBuf,
    /// Names and time zones of the communities; the first is meant where none is named.
    communities: Vec<(String, Tz)>,
    /// Held for look-ups and a small file's reading, never over an await.
    known: Mutex<(Stamp, Arc<Vec<Event>>)>,
}

impl Events {
    /// No file, no events.
    pub fn none() -> Self {
        Self(None)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong with it, in words for the operator, with the line where it is.
    pub fn open(path: &Path, communities: Vec<(String, Tz)>) -> Result<Self, String> {
        let stamp = stamp(path);
        let events = read(path, &communities)?;
        let known = Mutex::new((stamp, Arc::new(events)));
        Ok(Self(Some(Arc::new(Watched { path: path.to_owned(), communities, known }))))
    }

    /// The events of a community, in the order of the file.
    pub fn of(&self, community: &str) -> Vec<Event> {
        let all = self.0.as_ref().map(|watched| watched.current()).unwrap_or_default();
        all.iter().filter(|event| event.community == community).cloned().collect()
    }

    /// What is known of the events of a community that are on, a fact a line.
    pub fn lines(&self, community: &str, switches: &[Switch], now: DateTime<Utc>) -> Vec<String> {
        let on = self.of(community).into_iter().filter(|event| event.is_on(switches, now));
        on.flat_map(|event| event.lines).collect()
    }
}

impl Watched {
    fn current(&self) -> Arc<Vec<Event>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = stamp(&self.path);
        if stamp != known.0 {
            known.0 = stamp;
            match read(&self.path, &self.communities) {
                Ok(events) => {
                    tracing::info!("{} events were read anew", events.len());
                    known.1 = Arc::new(events);
                }
                Err(wrong) => tracing::warn!("the events stay as they were: {wrong}"),
            }
        }
        Arc::clone(&known.1)
    }
}

fn stamp(path: &Path) -> Stamp {
    let found = fs::metadata(path).ok()?;
    Some((found.modified().ok()?, found.len()))
}

fn read(path: &Path, communities: &[(String, Tz)]) -> Result<Vec<Event>, String> {
    let yaml = fs::read_to_string(path).map_err(|reason| format!("{} cannot be read ({reason})", path.display()))?;
    file::parse(&yaml, communities).map_err(|wrong| format!("{}{wrong}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(from: Option<i64>, until: Option<i64>) -> Event {
        Event {
            name: "party".into(),
            community: "home".into(),
            from: from.map(at),
            until: until.map(at),
            lines: vec![],
        }
    }

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::hours(hours)
    }

    #[test]
    fn an_event_is_on_by_its_dates_or_because_somebody_said_so_today() {
        let said = |is_on, hours| vec![Switch { name: "party".into(), is_on, switched_at: at(hours) }];
        for (event, switches, is_on) in [
            (event(Some(90), Some(110)), vec![], true),
            (event(Some(90), None), vec![], true),
            (event(None, Some(110)), vec![], true),
            (event(Some(101), Some(110)), vec![], false),
            (event(Some(90), Some(100)), vec![], false),
            (event(None, None), vec![], false),
            (event(None, None), said(true, 90), true),
            (event(None, None), said(true, 70), false),
            (event(Some(90), Some(110)), said(false, 99), false),
            (event(Some(90), Some(110)), said(false, 70), true),
        ] {
            assert_eq!(event.is_on(&switches, at(100)), is_on, "{event:?} {switches:?}");
        }
    }

    #[test]
    fn a_changed_file_is_read_again_and_a_wrong_one_changes_nothing() {
        let path = std::env::temp_dir().join(format!("pedro-events-{}.yaml", uuid::Uuid::new_v4()));
        let home = vec![("home".to_owned(), Tz::UTC)];
        fs::write(&path, "events: [{name: one, title: First}]").unwrap();
        let events = Events::open(&path, home).unwrap();
        assert_eq!(events.of("home")[0].lines, ["event: First"]);
        assert!(events.of("elsewhere").is_empty());
        fs::write(&path, "events: [{name: one, title: First}, {name: two, title: Second}]").unwrap();
        assert_eq!(events.of("home").len(), 2);
        fs::write(&path, "events: nonsense").unwrap();
        assert_eq!(events.of("home").len(), 2);
        fs::remove_file(&path).unwrap();
        assert_eq!(events.of("home").len(), 2);
    }
}
