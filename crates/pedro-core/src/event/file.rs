//! The YAML file of events: as written, and checked.

use chrono::{DateTime, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use serde_saphyr::Spanned;
use url::Url;

use super::Event;

/// Characters of everything that is known of an event: it stands in the prompt of every answer while it is on.
const LONGEST: usize = 1_500;

/// Characters of an event's name.
const NAME: usize = 40;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    events: Vec<RawEvent>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEvent {
    name: Spanned<String>,
    community: Option<Spanned<String>>,
    title: String,
    from: Option<Spanned<String>>,
    until: Option<Spanned<String>>,
    #[serde(default)]
    schedule: Vec<RawItem>,
    #[serde(default)]
    speakers: Vec<RawSpeaker>,
    #[serde(default)]
    links: Vec<RawLink>,
    #[serde(default)]
    notes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawItem {
    at: String,
    what: String,
    who: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSpeaker {
    name: String,
    about: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLink {
    name: String,
    url: Spanned<String>,
}

/// Reads the file's text. The error begins with the line, `:7 ...`, and says how to mend it.
pub(super) fn parse(yaml: &str, communities: &[(String, Tz)]) -> Result<Vec<Event>, String> {
    let raw: RawFile = serde_saphyr::from_str(yaml).map_err(|reason| {
        let line = reason.location().map_or(String::new(), |location| format!(":{}", location.line()));
        let reason = reason.without_snippet().to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        format!(
            "{line}: {reason}; expected a list named events; for example events: [{{name: party, title: Watch party}}]"
        )
    })?;
    let mut events: Vec<Event> = Vec::new();
    for raw in raw.events {
        let at = &raw.name;
        let event = event(&raw, communities)?;
        if events.iter().any(|other| (&other.name, &other.community) == (&event.name, &event.community)) {
            return wrong(at, format!("{:?} is the name of two events; give one another name", event.name));
        }
        events.push(event);
    }
    Ok(events)
}

fn event(raw: &RawEvent, communities: &[(String, Tz)]) -> Result<Event, String> {
    let name = raw.name.value.trim().to_lowercase();
    if name.is_empty() || name.chars().count() > NAME || name.contains(char::is_whitespace) {
        return wrong(
            &raw.name,
            format!(
                "name: {name:?} is no name; expected 1 to {NAME} characters without spaces; for example watch-party"
            ),
        );
    }
    let (community, zone) = community(raw, communities)?;
    let (from, until) = (time(raw.from.as_ref(), zone)?, time(raw.until.as_ref(), zone)?);
    if let (Some(from), Some(until), Some(at)) = (from, until, &raw.until)
        && until <= from
    {
        return wrong(at, "until: it ends before it begins; expected a time after from".to_owned());
    }
    let lines = lines(raw)?;
    let length: usize = lines.iter().map(|line| line.chars().count()).sum();
    if length > LONGEST {
        return wrong(
            &raw.name,
            format!("{name}: {length} characters are too many for a prompt; expected at most {LONGEST} in all"),
        );
    }
    Ok(Event { name, community, from, until, lines })
}

fn community(raw: &RawEvent, communities: &[(String, Tz)]) -> Result<(String, Tz), String> {
    let named = raw.community.as_ref();
    let found = match named {
        Some(named) => communities.iter().find(|(name, _)| *name == named.value.trim()),
        None => communities.first(),
    };
    match (found, named) {
        (Some(found), _) => Ok(found.clone()),
        (None, named) => {
            let known: Vec<&str> = communities.iter().map(|(name, _)| name.as_str()).collect();
            wrong(
                named.unwrap_or(&raw.name),
                format!("community: there is none of that name; expected one of {}", known.join(", ")),
            )
        }
    }
}

/// `2026-11-24 18:00`, or a day, which begins at midnight; in the community's time zone.
fn time(written: Option<&Spanned<String>>, zone: Tz) -> Result<Option<DateTime<Utc>>, String> {
    let Some(written) = written else { return Ok(None) };
    let text = written.value.trim().replace('T', " ");
    let day = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").map(|day| day.and_time(NaiveTime::MIN));
    let parsed = NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M").or_else(|_| day(&text));
    let Ok(parsed) = parsed else {
        return wrong(
            written,
            format!(
                "{:?} is no time; expected a day with or without a time; for example 2026-11-24 18:00",
                written.value
            ),
        );
    };
    match zone.from_local_datetime(&parsed) {
        LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => Ok(Some(time.with_timezone(&Utc))),
        LocalResult::None => {
            wrong(written, format!("{text:?} does not exist in {zone}: the clocks are put forward then"))
        }
    }
}

fn lines(raw: &RawEvent) -> Result<Vec<String>, String> {
    let mut lines = vec![format!("event: {}", raw.title.trim())];
    for item in &raw.schedule {
        let who = item.who.as_ref().map_or(String::new(), |who| format!(" ({who})"));
        lines.push(format!("schedule: {} {}{who}", item.at, item.what));
    }
    for speaker in &raw.speakers {
        let about = speaker.about.as_ref().map_or(String::new(), |about| format!(", {about}"));
        lines.push(format!("speaker: {}{about}", speaker.name));
    }
    for link in &raw.links {
        let url = link.url.value.trim();
        if !Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
            return wrong(
                &link.url,
                format!(
                    "url: {url:?} leads nowhere; expected a http:// or https:// URL; for example https://example.org"
                ),
            );
        }
        lines.push(format!("link: {} {url}", link.name));
    }
    lines.extend(raw.notes.iter().map(|note| format!("note: {}", note.trim())));
    Ok(lines)
}

fn wrong<T, A>(at: &Spanned<A>, wrong: String) -> Result<T, String> {
    Err(format!(":{}: {wrong}", at.referenced.line()))
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(yaml: &str) -> Result<Vec<Event>, String> {
        parse(yaml, &[("one".to_owned(), Tz::America__Denver), ("two".to_owned(), Tz::UTC)])
    }

    #[test]
    fn everything_that_can_be_said_of_an_event_is_read() {
        let events = read(
            "
events:
  - name: GopherCon
    title: GopherCon watch party
    from: 2026-11-24 18:00
    until: 2026-11-25
    schedule:
      - {at: \"18:30\", what: Keynote, who: Dana}
      - {at: \"19:30\", what: Pizza}
    speakers: [{name: Dana Doe, about: writes compilers}, {name: Erik}]
    links: [{name: tickets, url: \"https://example.org/t\"}]
    notes: [bring a towel]
  - {name: meetup, title: Meetup, community: two}
",
        )
        .unwrap();
        assert_eq!(events[0].name, "gophercon");
        assert_eq!(events[0].from.unwrap().to_rfc3339(), "2026-11-25T01:00:00+00:00");
        assert_eq!(events[0].until.unwrap().to_rfc3339(), "2026-11-25T07:00:00+00:00");
        assert_eq!(
            events[0].lines,
            [
                "event: GopherCon watch party",
                "schedule: 18:30 Keynote (Dana)",
                "schedule: 19:30 Pizza",
                "speaker: Dana Doe, writes compilers",
                "speaker: Erik",
                "link: tickets https://example.org/t",
                "note: bring a towel",
            ]
        );
        assert_eq!((events[0].community.as_str(), events[1].community.as_str()), ("one", "two"));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_how_to_mend_it() {
        for (yaml, told) in [
            ("events:\n  - {name: a, title: A, form: x}", ":2: unknown field"),
            ("event: []", ":1: unknown field"),
            ("events:\n  - {name: a b, title: A}", ":2: name: \"a b\" is no name; expected 1 to 40 characters"),
            ("events:\n  - {name: a, title: A}\n  - {name: A, title: B}", ":3: \"a\" is the name of two events"),
            (
                "events:\n  - {name: a, title: A, community: three}",
                ":2: community: there is none of that name; expected one of one, two",
            ),
            ("events:\n  - {name: a, title: A, from: tomorrow}", ":2: \"tomorrow\" is no time; expected a day"),
            (
                "events:\n  - {name: a, title: A, from: 2026-11-25, until: 2026-11-24}",
                ":2: until: it ends before it begins",
            ),
            ("events:\n  - {name: a, title: A, from: 2026-03-08 02:30}", "does not exist in America/Denver"),
            (
                "events:\n  - {name: a, title: A, links: [{name: x, url: ftp://x}]}",
                ":2: url: \"ftp://x\" leads nowhere",
            ),
        ] {
            let wrong = read(yaml).unwrap_err();
            assert!(wrong.contains(told), "{wrong}\nwas expected to tell\n{told}");
        }
        let long = format!("events: [{{name: a, title: {}}}]", "x".repeat(2_000));
        assert!(read(&long).unwrap_err().contains("at most 1500"));
    }
}
