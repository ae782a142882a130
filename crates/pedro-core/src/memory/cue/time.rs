//! Times that people say: "yesterday", "last Tuesday", "two weeks ago", "in May 2025", "on 3 June". Pure.

use std::sync::LazyLock;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeZone, Utc, Weekday};
use chrono_tz::Tz;
use regex::{Captures, Regex};

/// When a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeRange {
    /// First moment.
    pub from: DateTime<Utc>,
    /// First moment after it.
    pub until: DateTime<Utc>,
    /// Said from today's point of view ("yesterday"): the line was written then. A date in a question ("in May 2025")
    /// may as well be the date of something that was told later.
    pub relative: bool,
    /// The words that said it.
    pub said: String,
}

impl TimeRange {
    /// The text without the words that said the time.
    pub fn cut_from(&self, text: &str) -> String {
        let cut = text.replacen(&self.said, " ", 1);
        cut.trim().trim_end_matches([' ', '?', '.', ',']).to_owned()
    }
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const NUMBERS: [&str; 10] = ["a", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

macro_rules! pattern {
    ($name:ident, $regex:expr) => {
        // A constant, compiled in a test.
        static $name: LazyLock<Regex> = LazyLock::new(|| Regex::new($regex).expect("a valid pattern"));
    };
}

pattern!(DAY_WORD, r"(?i)\b(today|tonight|this morning|yesterday|last night|the day before yesterday)\b");
pattern!(
    WEEKDAY,
    r"(?i)\b(?:(?:on|last|this|past|previous)\s+)+(monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b"
);
pattern!(
    SPAN,
    r"(?i)\b(?:in\s+|during\s+)?(?:the\s+)?(last|past|this|previous)\s+(?:(\d{1,3}|two|three|four|five|six|seven|eight|nine|ten|few|couple of)\s+)?(hour|day|week|weekend|month|year)s?\b"
);
pattern!(
    AGO,
    r"(?i)\b(?:about\s+)?(\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten)\s+(hour|day|week|month|year)s?\s+ago\b"
);
pattern!(ISO_DATE, r"\b(?:on\s+)?(\d{4})-(\d{2})-(\d{2})\b");
pattern!(
    DAY_MONTH,
    r"(?i)\b(?:on\s+)?(?:the\s+)?(\d{1,2})(?:st|nd|rd|th)?\s+(?:of\s+)?(january|february|march|april|may|june|july|august|september|october|november|december)\b(?:,?\s+(\d{4}))?"
);
pattern!(
    MONTH_DAY,
    r"(?i)\b(?:on\s+)?(january|february|march|april|may|june|july|august|september|october|november|december)\s+(\d{1,2})(?:st|nd|rd|th)?\b(?:,?\s+(\d{4}))?"
);
pattern!(
    MONTH_YEAR,
    r"(?i)\b(?:in|during|since|of)\s+(?:early\s+|late\s+)?(january|february|march|april|may|june|july|august|september|october|november|december)\b(?:,?\s+(?:of\s+)?(\d{4}))?"
);
pattern!(YEAR, r"\b(?:in|during)\s+(\d{4})\b");

/// First day of a range, and the day after its last one.
type DayRange = (NaiveDate, NaiveDate);

/// How a kind of time is read, from its match and today.
type Read = fn(&Captures<'_>, NaiveDate) -> Option<DayRange>;

/// The kinds of times, the first that is found counts; and whether each is said from today's point of view.
static KINDS: [(&LazyLock<Regex>, Read, bool); 9] = [
    (&DAY_WORD, |found, today| day_word(&found[1], today), true),
    (&WEEKDAY, |found, today| last_weekday(&found[1], today), true),
    (&SPAN, span, true),
    (&AGO, ago, true),
    (&ISO_DATE, |found, _| one_day(number(found, 1)?, number(found, 2)?, number(found, 3)?), false),
    (&DAY_MONTH, |found, today| dated(number(found, 3), &found[2], number(found, 1)?, today), false),
    (&MONTH_DAY, |found, today| dated(number(found, 3), &found[1], number(found, 2)?, today), false),
    (&MONTH_YEAR, |found, today| month_range(number(found, 2), &found[1], today), false),
    (&YEAR, |found, _| whole_year(number(found, 1)?), false),
];

/// The time that a question names, in the community's time zone.
pub fn time_range(question: &str, now: DateTime<Utc>, zone: Tz) -> Option<TimeRange> {
    if let Some(range) = last_hours(question, now) {
        return Some(range);
    }
    let today = now.with_timezone(&zone).date_naive();
    KINDS.iter().find_map(|(pattern, read, relative)| {
        let found = pattern.captures(question)?;
        let (first, after) = read(&found, today)?;
        let (from, until) = (start(first, zone)?, start(after, zone)?);
        Some(TimeRange { from, until, relative: *relative, said: found[0].to_owned() })
    })
}

/// "the last two hours": the only span that is not made of days.
fn last_hours(question: &str, now: DateTime<Utc>) -> Option<TimeRange> {
    let found = SPAN.captures(question).filter(|found| found[3].eq_ignore_ascii_case("hour"))?;
    let back = found.get(2).map_or(1, |count| count_of(count.as_str()));
    let from = now - chrono::Duration::hours(back);
    Some(TimeRange { from, until: now, relative: true, said: found[0].to_owned() })
}

/// Midnight of a day in a zone. Where clocks are put forward over midnight, the first hour that exists.
fn start(day: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
    let midnight = day.and_time(NaiveTime::MIN);
    (0..4)
        .find_map(|hour| zone.from_local_datetime(&(midnight + chrono::Duration::hours(hour))).earliest())
        .map(|at| at.with_timezone(&Utc))
}

fn number<T: std::str::FromStr>(found: &Captures<'_>, group: usize) -> Option<T> {
    found.get(group)?.as_str().parse().ok()
}

fn count_of(word: &str) -> i64 {
    let word = word.to_lowercase();
    match word.as_str() {
        "few" | "couple of" => 3,
        "an" | "one" => 1,
        word => {
            word.parse().ok().or_else(|| NUMBERS.iter().position(|&n| n == word).map(|at| at as i64 + 1)).unwrap_or(1)
        }
    }
}

fn days(first: NaiveDate, length: u64) -> Option<DayRange> {
    Some((first, first.checked_add_days(Days::new(length))?))
}

fn back(today: NaiveDate, length: u64) -> Option<NaiveDate> {
    today.checked_sub_days(Days::new(length))
}

fn whole_year(year: i32) -> Option<DayRange> {
    Some((month_of(year, 1)?, month_of(year + 1, 1)?)).filter(|_| (1990..2200).contains(&year))
}

fn day_word(word: &str, today: NaiveDate) -> Option<DayRange> {
    match word.to_lowercase().as_str() {
        "today" | "tonight" | "this morning" => days(today, 1),
        // last night is yesterday's evening and the hours after midnight
        "last night" => days(back(today, 1)?, 2),
        "yesterday" => days(back(today, 1)?, 1),
        _ => days(back(today, 2)?, 1),
    }
}

fn last_weekday(name: &str, today: NaiveDate) -> Option<DayRange> {
    let wanted: Weekday = name.parse().ok()?;
    let since = (today.weekday().num_days_from_monday() + 7 - wanted.num_days_from_monday()) % 7;
    // "last Tuesday", said on a Tuesday, is a week ago
    days(back(today, if since == 0 { 7 } else { since.into() })?, 1)
}

fn span(found: &Captures<'_>, today: NaiveDate) -> Option<DayRange> {
    let unit = found[3].to_lowercase();
    let this = found[1].eq_ignore_ascii_case("this");
    let tomorrow = today.checked_add_days(Days::new(1))?;
    if let Some(count) = found.get(2) {
        let count = count_of(count.as_str());
        return Some((back_units(today, &unit, count)?, tomorrow));
    }
    let monday = back(today, today.weekday().num_days_from_monday().into())?;
    let first_of_month = today.with_day(1)?;
    match (unit.as_str(), this) {
        ("day", _) => days(back(today, 1)?, 2),
        ("week", true) => Some((monday, tomorrow)),
        ("week", false) => days(back(monday, 7)?, 7),
        ("weekend", true) => days(back(monday, 0)?.checked_add_days(Days::new(5))?, 2),
        ("weekend", false) => days(back(monday, 2)?, 2),
        ("month", true) => Some((first_of_month, tomorrow)),
        ("month", false) => Some((first_of_month.checked_sub_months(Months::new(1))?, first_of_month)),
        ("year", true) => Some((today.with_ordinal(1)?, tomorrow)),
        ("year", false) => month_of(today.year() - 1, 1).zip(month_of(today.year(), 1)),
        _ => None,
    }
}

fn ago(found: &Captures<'_>, today: NaiveDate) -> Option<DayRange> {
    let unit = found[2].to_lowercase();
    let then = back_units(today, &unit, count_of(&found[1]))?;
    // "two weeks ago" is not a day: half a unit around it
    let slack: u64 = match unit.as_str() {
        "hour" | "day" => 0,
        "week" => 3,
        "month" => 15,
        _ => 180,
    };
    days(back(then, slack)?, 2 * slack + 1)
}

fn back_units(today: NaiveDate, unit: &str, count: i64) -> Option<NaiveDate> {
    let count = u32::try_from(count).ok()?;
    match unit {
        "hour" => Some(today),
        "day" => back(today, count.into()),
        "week" | "weekend" => back(today, 7 * u64::from(count)),
        "month" => today.checked_sub_months(Months::new(count)),
        _ => today.checked_sub_months(Months::new(12 * count)),
    }
}

fn one_day(year: i32, month: u32, day: u32) -> Option<DayRange> {
    days(NaiveDate::from_ymd_opt(year, month, day)?, 1)
}

fn month_number(name: &str) -> Option<u32> {
    MONTHS.iter().position(|month| month.eq_ignore_ascii_case(name)).map(|at| at as u32 + 1)
}

fn month_of(year: i32, month: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year, month, 1)
}

/// A day and month; without a year the last one that is not in the future.
fn dated(year: Option<i32>, month: &str, day: u32, today: NaiveDate) -> Option<DayRange> {
    let month = month_number(month)?;
    let this_year = || NaiveDate::from_ymd_opt(today.year(), month, day).filter(|&date| date <= today);
    match year {
        Some(year) => one_day(year, month, day),
        None => one_day(this_year().map_or(today.year() - 1, |date| date.year()), month, day),
    }
}

/// A month; without a year the last one that is not in the future.
fn month_range(year: Option<i32>, month: &str, today: NaiveDate) -> Option<DayRange> {
    let month = month_number(month)?;
    let year = year.unwrap_or(if month <= today.month() { today.year() } else { today.year() - 1 });
    let first = month_of(year, month)?;
    Some((first, first.checked_add_months(Months::new(1))?))
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    /// A Sunday.
    const NOW: &str = "2026-11-22T18:30:00Z";

    fn range(question: &str) -> Option<(String, String)> {
        let range = time_range(question, NOW.parse().unwrap(), chrono_tz::UTC)?;
        Some((range.from.date_naive().to_string(), range.until.date_naive().to_string()))
    }

    #[test]
    fn times_that_people_say_become_ranges_of_days() {
        for (question, from, until) in [
            ("what happened yesterday?", "2026-11-21", "2026-11-22"),
            ("who won today", "2026-11-22", "2026-11-23"),
            ("what did we stream last Tuesday?", "2026-11-17", "2026-11-18"),
            ("what did he say last sunday", "2026-11-15", "2026-11-16"),
            ("anything on last friday?", "2026-11-20", "2026-11-21"),
            ("what was said last week", "2026-11-09", "2026-11-16"),
            ("what was said this week", "2026-11-16", "2026-11-23"),
            ("topics last month", "2026-10-01", "2026-11-01"),
            ("topics of the past 3 days", "2026-11-19", "2026-11-23"),
            ("topics in the last two weeks", "2026-11-08", "2026-11-23"),
            ("what broke two days ago", "2026-11-20", "2026-11-21"),
            ("what broke 2 weeks ago", "2026-11-05", "2026-11-12"),
            ("what did Tom do on 3 June 2025?", "2025-06-03", "2025-06-04"),
            ("what did Tom do on June 3rd, 2025?", "2025-06-03", "2025-06-04"),
            ("what did Tom do on the 24th of December?", "2025-12-24", "2025-12-25"),
            ("where was Maya in May 2025?", "2025-05-01", "2025-06-01"),
            ("where was Maya in October", "2026-10-01", "2026-11-01"),
            ("what about 2025-02-28?", "2025-02-28", "2025-03-01"),
            ("what happened in 2024?", "2024-01-01", "2025-01-01"),
        ] {
            assert_eq!(range(question), Some((from.to_owned(), until.to_owned())), "{question}");
        }
    }

    #[test]
    fn what_names_no_time_has_no_range() {
        for question in [
            "when did we talk about gopls?",
            "may I ask?",
            "what is the last thing",
            "march on",
            "in 8080",
            "is it 30 February 2025?",
        ] {
            assert_eq!(range(question), None, "{question}");
        }
    }

    #[test]
    fn days_begin_at_midnight_of_the_communitys_time_zone() {
        let zone: Tz = "America/Denver".parse().unwrap();
        // in Utah it is still Saturday evening
        let now = "2026-11-22T03:00:00Z".parse().unwrap();
        let range = time_range("what was said yesterday", now, zone).unwrap();
        assert_eq!(range.from.to_rfc3339(), "2026-11-20T07:00:00+00:00");
        assert_eq!(range.until.to_rfc3339(), "2026-11-21T07:00:00+00:00");
    }

    #[test]
    fn the_last_hours_are_counted_from_now() {
        let range = time_range("recap of the last 2 hours", NOW.parse().unwrap(), chrono_tz::UTC).unwrap();
        assert_eq!(range.from.to_rfc3339(), "2026-11-22T16:30:00+00:00");
    }
}
