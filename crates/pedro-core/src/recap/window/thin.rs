//! Where there is more than can be read: which talks are left, and which of their lines.

use std::collections::{HashMap, HashSet};

use super::Talk;
use crate::chat::AuthorKind;
use crate::store::recap::RecapLine;

/// Tokens below which it is not worth telling where and when a talk was.
const LEAST_OF_A_TALK: usize = 80;

/// The golden section of 2^32: its multiples lie far apart.
const SPREAD: u32 = 2_654_435_769;

/// How many letters of a line count when lines are compared: who says more says it at length.
const LETTERS_THAT_COUNT: i64 = 80;

/// What a reply is worth, in letters, and how many count.
const REPLY_WORTH: i64 = 40;
const REPLIES_THAT_COUNT: i64 = 5;

/// Leaves so many tokens of all talks together. Where there are too many talks the least lively are left out.
pub(super) fn thin(talks: &mut Vec<Talk<'_>>, tokens: usize) {
    let most = (tokens / LEAST_OF_A_TALK).max(1);
    if talks.len() > most {
        talks.sort_by(|one, other| other.liveliness().total_cmp(&one.liveliness()));
        talks.truncate(most);
        talks.sort_by_key(|talk| talk.began_at);
    }
    let shares = shares(talks, tokens);
    for (talk, share) in talks.iter_mut().zip(shares) {
        keep_best(talk, share);
    }
    talks.retain(|talk| !talk.lines.is_empty());
}

impl Talk<'_> {
    /// How much of a whole day it deserves: many people, many lines.
    fn liveliness(&self) -> f64 {
        let people = self.lines.iter().filter(|line| line.row.author_kind == AuthorKind::Person);
        let people: HashSet<&str> = people.map(|line| line.row.author.as_str()).collect();
        (people.len().max(1) as f64 * self.lines.len() as f64).sqrt()
    }
}

/// By how lively they are. What a short talk does not need is for the others.
fn shares(talks: &[Talk<'_>], tokens: usize) -> Vec<usize> {
    let wants: Vec<(usize, f64)> = talks.iter().map(|talk| (talk.tokens(), talk.liveliness())).collect();
    let mut order: Vec<usize> = (0..talks.len()).collect();
    let need = |at: &usize| wants[*at].0 as f64 / wants[*at].1;
    order.sort_by(|one, other| need(one).total_cmp(&need(other)));
    let mut left = tokens as f64;
    let mut weight: f64 = wants.iter().map(|(_, weight)| weight).sum();
    let mut shares = vec![0; talks.len()];
    for at in order {
        let (cost, own) = wants[at];
        let share = (left * own / weight).min(cost as f64).max(0.0);
        shares[at] = share as usize;
        left -= share;
        weight -= own;
    }
    shares
}

/// The lines that tell most, in their order.
fn keep_best(talk: &mut Talk<'_>, tokens: usize) {
    let mut said: HashMap<String, usize> = HashMap::new();
    let worth: Vec<i64> = talk.lines.iter().map(|line| worth(line.row, &mut said)).collect();
    let mut order: Vec<usize> = (0..talk.lines.len()).collect();
    // Of equals some from everywhere, always the same.
    order.sort_by_key(|at| (-worth[*at], (*at as u32).wrapping_mul(SPREAD)));
    let mut left = tokens.saturating_sub(talk.head_tokens);
    let mut kept = vec![false; talk.lines.len()];
    for at in order {
        if let Some(rest) = left.checked_sub(talk.lines[at].tokens) {
            kept[at] = true;
            left = rest;
        }
    }
    let mut kept = kept.into_iter();
    talk.lines.retain(|_| kept.next().unwrap_or_default());
}

/// Long lines and those that people replied to tell most; what is said again, and what bots say, least.
fn worth(row: &RecapLine, said: &mut HashMap<String, usize>) -> i64 {
    let text = row.text.trim().to_lowercase();
    let letters = text.chars().filter(|char| char.is_alphanumeric()).count() as i64;
    let before = said.entry(text).or_default();
    *before += 1;
    let worth = letters.min(LETTERS_THAT_COUNT) + REPLY_WORTH * row.replies.min(REPLIES_THAT_COUNT);
    match row.author_kind {
        AuthorKind::Person if *before == 1 => worth,
        AuthorKind::Person => worth / 5,
        // It is context, where there is room for it.
        AuthorKind::Pedro | AuthorKind::Bot => worth / 5 - LETTERS_THAT_COUNT,
    }
}
