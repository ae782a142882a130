//! A ledger that misses what is wrong would prove nothing: here it is shown every kind of wrong.

use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_000_000 + seconds, 0).unwrap()
}

fn said(id: &str, seconds: i64) -> Said {
    Said {
        on_twitch: true,
        channel: "town".to_owned(),
        id: id.to_owned(),
        text: format!("line {id}"),
        at: at(seconds),
        heard: true,
        deleted: false,
    }
}

fn on_discord(id: &str) -> Said {
    Said { on_twitch: false, ..said(id, 0) }
}

fn gap(from: i64, until: i64) -> Gap {
    Gap { channel: "town".to_owned(), began_at: Some(at(from)), ended_at: at(until) }
}

fn kill(seconds: i64) -> Spell {
    Spell { from: at(seconds), until: at(seconds + 2), breaks_twitch: true, keeps_waiting: false }
}

fn outage(from: i64, until: i64) -> Spell {
    Spell { from: at(from), until: at(until), breaks_twitch: false, keeps_waiting: true }
}

fn asked(status: &str, told: &[i64]) -> Asked {
    Asked {
        what: "zq1x".to_owned(),
        on_twitch: true,
        status: status.to_owned(),
        told: told.iter().map(|seconds| at(*seconds)).collect(),
    }
}

fn complaints(facts: &Facts) -> usize {
    judge(facts).complaints.len()
}

#[test]
fn what_is_stored_once_as_it_was_said_is_right() {
    let stored = vec![("a".to_owned(), "line a".to_owned())];
    let facts = Facts { said: vec![said("a", 0)], stored, ..Facts::default() };
    assert_eq!(judge(&facts), Ledger { said: 1, stored: 1, ..Ledger::default() });
}

#[test]
fn a_line_that_is_lost_doubled_changed_invented_or_not_deleted_is_told() {
    let row = |id: &str| (id.to_owned(), format!("line {id}"));
    let lost = Facts { said: vec![on_discord("a")], ..Facts::default() };
    let doubled = Facts { said: vec![on_discord("a")], stored: vec![row("a"), row("a")], ..Facts::default() };
    let changed =
        Facts { said: vec![on_discord("a")], stored: vec![("a".to_owned(), "else".to_owned())], ..Facts::default() };
    let invented = Facts { stored: vec![row("a")], ..Facts::default() };
    let kept =
        Facts { said: vec![Said { deleted: true, ..on_discord("a") }], stored: vec![row("a")], ..Facts::default() };
    for facts in [lost, doubled, changed, invented, kept] {
        assert_eq!(complaints(&facts), 1, "{facts:?}");
    }
}

#[test]
fn a_line_of_twitch_may_be_missing_if_nobody_heard_it_and_the_gap_is_recorded() {
    let unheard = Said { heard: false, ..said("a", 5) };
    let facts = Facts { said: vec![unheard.clone()], gaps: vec![gap(4, 6)], ..Facts::default() };
    assert_eq!(judge(&facts), Ledger { said: 1, unheard: 1, ..Ledger::default() });
    for gaps in [vec![], vec![gap(1, 4)], vec![gap(6, 9)]] {
        assert_eq!(complaints(&Facts { said: vec![unheard.clone()], gaps, ..Facts::default() }), 1);
    }
}

#[test]
fn a_line_that_was_heard_may_be_missing_if_it_was_young_at_a_kill() {
    let facts =
        |seconds, spells| Facts { said: vec![said("a", seconds)], gaps: vec![gap(0, 99)], spells, ..Facts::default() };
    assert_eq!(judge(&facts(9, vec![kill(10)])).excused, 1);
    assert_eq!(complaints(&facts(8, vec![kill(10)])), 1);
    assert_eq!(complaints(&facts(9, vec![])), 1);
    assert_eq!(judge(&facts(5, vec![kill(10), outage(4, 20)])).excused, 1, "it waited for the database");
    assert_eq!(complaints(&facts(2, vec![kill(10), outage(4, 20)])), 1);
}

#[test]
fn a_question_is_answered_once_or_told() {
    assert_eq!(judge(&Facts { asked: vec![asked("answered", &[3])], ..Facts::default() }).answered_once, 1);
    assert_eq!(judge(&Facts { asked: vec![asked("failed", &[3])], ..Facts::default() }).told, 1);
    for wrong in [asked("queued", &[]), asked("answered", &[]), asked("failed", &[]), asked("answered", &[3, 9])] {
        assert_eq!(complaints(&Facts { asked: vec![wrong.clone()], ..Facts::default() }), 1, "{wrong:?}");
    }
}

#[test]
fn an_answer_may_be_said_twice_on_twitch_if_it_could_not_be_noted() {
    let facts = |spells, on_twitch| Facts {
        asked: vec![Asked { on_twitch, ..asked("answered", &[3, 30]) }],
        spells,
        ..Facts::default()
    };
    assert_eq!(judge(&facts(vec![kill(4)], true)).answered_twice, 1);
    assert_eq!(judge(&facts(vec![kill(9), outage(2, 12)], true)).answered_twice, 1, "the note waited for the database");
    assert_eq!(complaints(&facts(vec![kill(9)], true)), 1);
    assert_eq!(complaints(&facts(vec![kill(4)], false)), 1, "Discord knows it again");
}
